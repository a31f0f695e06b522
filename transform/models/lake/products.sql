{{ lake('products', [
  ('store_id', 'text'),
  ('product_id', 'text'),
  ('version', 'small'),
  ('known_us', 'integer'),
  ('known_until_us', 'integer'),
  ('title', 'text'),
  ('category', 'text'),
  ('status', 'text'),
  ('deleted', 'flag')
]) }}
