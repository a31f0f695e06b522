"""The front door: the only floor that knows which engines are real."""
