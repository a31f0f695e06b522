"""What is known about an entity at an instant: defined once, read as SQL and as Python."""
