"""Simulated shops through the whole life of a prediction: offline, without an account."""
