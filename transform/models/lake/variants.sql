{{ lake('variants', [
  ('store_id', 'text'),
  ('product_id', 'text'),
  ('variant_id', 'text'),
  ('version', 'small'),
  ('known_us', 'integer'),
  ('known_until_us', 'integer'),
  ('sku', 'text'),
  ('price_minor', 'integer'),
  ('inventory_item_id', 'text'),
  ('deleted', 'flag')
]) }}
