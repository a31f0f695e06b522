"""Tortures a real installation for some minutes and counts what was lost, doubled or leaked."""
