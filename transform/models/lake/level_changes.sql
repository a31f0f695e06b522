{{ lake('level_changes', [
  ('store_id', 'text'),
  ('item', 'text'),
  ('location', 'text'),
  ('known_us', 'integer'),
  ('available', 'integer')
]) }}
