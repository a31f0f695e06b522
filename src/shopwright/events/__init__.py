"""What happened in the shop: a signed delivery becomes facts, and facts become versions."""
