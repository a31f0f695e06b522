"""Whose data it is: pseudonyms and sealed bodies."""
