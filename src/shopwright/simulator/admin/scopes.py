"""The access scopes that a simulated shop can grant."""

EVERY_SCOPE = frozenset(
    {
        "read_all_orders",
        "read_customer_merge",
        "read_customers",
        "read_inventory",
        "read_locations",
        "read_orders",
        "read_products",
        "write_customers",
        "write_products",
    }
)
