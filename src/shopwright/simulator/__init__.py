"""Shops whose hidden truth is known, for the demo, for tests and for judging models."""
