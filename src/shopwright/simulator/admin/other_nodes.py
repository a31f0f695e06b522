"""Products, customers and stock as the GraphQL API shows them."""

from shopwright.simulator.admin.nodes import Children, Node, Payload, gid, when

LOCATION = 1
"""The simulated shops keep everything in one place."""


def product_node(payload: Payload) -> Node:
    """Return the node of a product with all of its variants."""
    category = payload["category"]
    variants = Children(variant_node(variant, payload["id"]) for variant in payload["variants"])
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


def variant_node(variant: Payload, product: int) -> Node:
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
        "inventoryItem": item_node(variant),
        "product": {"__typename": "Product", "id": gid("Product", product)},
    }


def item_node(variant: Payload) -> Node:
    """Return the node of what lies on the shelf for a variant."""
    number = variant["inventory_item_id"]
    at = when(variant["updated_at"])
    return {
        "__typename": "InventoryItem",
        "id": gid("InventoryItem", number),
        "legacyResourceId": number,
        "sku": variant["sku"],
        "tracked": True,
        "updatedAt": at,
        "inventoryLevels": Children(
            [
                {
                    "__typename": "InventoryLevel",
                    "id": f"{gid('InventoryLevel', number)}?inventory_item_id={number}",
                    "updatedAt": at,
                    "location": {"__typename": "Location", "id": gid("Location", LOCATION)},
                    "quantities": [
                        {
                            "__typename": "InventoryQuantity",
                            "id": f"{gid('InventoryQuantity', number)}?name=available",
                            "name": "available",
                            "quantity": variant["inventory_quantity"],
                            "updatedAt": at,
                        }
                    ],
                }
            ]
        ),
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
