"""The vocabulary: one word a file, and only words that cross a room."""
