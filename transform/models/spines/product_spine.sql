{{ things('product_id') }}
