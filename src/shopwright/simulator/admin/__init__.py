"""The Admin API of a simulated shop."""
