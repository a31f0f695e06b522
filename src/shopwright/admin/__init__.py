"""The Admin API of Shopify as values: what is asked, what an answer means, when to ask again."""
