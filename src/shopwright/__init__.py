"""Shopwright: the machine-learning backroom of a Shopify store."""

__version__ = "0.1.0"
