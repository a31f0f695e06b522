"""Products and customers as the GraphQL API shows them."""

from shopwright.simulator.admin.nodes import Children, Node, Payload, gid, when
from shopwright.simulator.admin.stock import Stock


def product_node(payload: Payload, stock: Stock) -> Node:
    """Return the node of a product with all of its variants."""
    category = payload["category"]
    variants = Children(
        variant_node(variant, payload["id"], stock) for variant in payload["variants"]
    )
    return {
        "__typename": "Product",
        "id": gid("Product", payload["id"]),
        "legacyResourceId": payload["id"],
        "title": payload["title"],
        "vendor": payload["vendor"],
        "productType": payload["product_type"],
        "status": payload["status"].upper(),
        "category": {
            "__typename": "TaxonomyCategory",
            "id": category["admin_graphql_api_id"],
            "fullName": category["full_name"],
            "name": category["name"],
        }
        if category
        else None,
        "createdAt": when(payload["created_at"]),
        "updatedAt": when(payload["updated_at"]),
        "variants": variants,
        "variantsCount": {"__typename": "Count", "count": len(variants), "precision": "EXACT"},
    }


def variant_node(variant: Payload, product: int, stock: Stock) -> Node:
    """Return the node of a variant."""
    return {
        "__typename": "ProductVariant",
        "id": gid("ProductVariant", variant["id"]),
        "legacyResourceId": variant["id"],
        "sku": variant["sku"],
        "title": variant["title"],
        "price": variant["price"],
        "inventoryQuantity": variant["inventory_quantity"],
        "updatedAt": when(variant["updated_at"]),
        "inventoryItem": stock.item(variant),
        "product": {"__typename": "Product", "id": gid("Product", product)},
    }


def customer_node(payload: Payload) -> Node:
    """Return the node of a customer: nothing of it is protected."""
    return {
        "__typename": "Customer",
        "id": gid("Customer", payload["id"]),
        "legacyResourceId": payload["id"],
        "createdAt": when(payload["created_at"]),
        "updatedAt": when(payload["updated_at"]),
        "state": payload["state"].upper(),
    }
