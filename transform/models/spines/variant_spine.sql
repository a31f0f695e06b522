{{ things('variant_id') }}
