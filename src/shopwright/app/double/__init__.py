"""A simulated Shopify on this machine: an Admin API, consent pages and webhooks over real HTTP."""
