"""One engine each: adapters translate between a port and an engine, and never decide."""
