{{ lake('orders', [
  ('store_id', 'text'),
  ('order_key', 'binary'),
  ('version', 'small'),
  ('customer', 'binary'),
  ('known_us', 'integer'),
  ('known_until_us', 'integer'),
  ('occurred_us', 'integer'),
  ('valid', 'flag'),
  ('sold', 'flag'),
  ('gross_minor', 'integer'),
  ('refund_minor', 'integer'),
  ('net_minor', 'integer'),
  ('discount_minor', 'integer'),
  ('list_minor', 'integer')
]) }}
