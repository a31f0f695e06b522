"""Every question we ask the Admin API, as it is sent.

Each is checked against Shopify's published schema in a test, and so is the cost that Shopify would
charge for it. https://shopify.dev/docs/api/admin-graphql/2026-10
"""

API_VERSION = "2026-10"

_MONEY = "{ shopMoney { amount currencyCode } }"
_OPERATION = """
  id status errorCode objectCount rootObjectCount fileSize url partialDataUrl completedAt
"""

SHOP = """query Shop {
  shop {
    id name myshopifyDomain primaryDomain { host } currencyCode ianaTimezone
    plan { publicDisplayName shopifyPlus partnerDevelopment }
  }
  currentAppInstallation { id accessScopes { handle } }
}"""

SUBSCRIPTIONS = """query Subscriptions($after: String) {
  webhookSubscriptions(first: 100, after: $after) {
    nodes { id topic uri name includeFields }
    pageInfo { hasNextPage endCursor }
  }
}"""

CREATE_SUBSCRIPTION = """mutation CreateSubscription(
  $topic: WebhookSubscriptionTopic!, $subscription: WebhookSubscriptionInput!
) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $subscription) {
    webhookSubscription { id } userErrors { field message }
  }
}"""

UPDATE_SUBSCRIPTION = """mutation UpdateSubscription(
  $id: ID!, $subscription: WebhookSubscriptionInput!
) {
  webhookSubscriptionUpdate(id: $id, webhookSubscription: $subscription) {
    webhookSubscription { id } userErrors { field message }
  }
}"""

DELETE_SUBSCRIPTION = """mutation DeleteSubscription($id: ID!) {
  webhookSubscriptionDelete(id: $id) { deletedWebhookSubscriptionId userErrors { field message } }
}"""

RUN_BULK = """mutation RunBulk($query: String!) {
  bulkOperationRunQuery(query: $query, groupObjects: false) {
    bulkOperation { id status } userErrors { field message code }
  }
}"""

BULK_OPERATIONS = f"""query BulkOperations($ids: [ID!]!) {{
  nodes(ids: $ids) {{ __typename ... on BulkOperation {{ {_OPERATION} }} }}
}}"""

ORDERS_COUNT = """query OrdersCount($query: String) {
  ordersCount(query: $query, limit: null) { count precision }
}"""

PRODUCTS_COUNT = """query ProductsCount($query: String) {
  productsCount(query: $query, limit: null) { count precision }
}"""

CUSTOMERS_COUNT = """query CustomersCount($query: String) {
  customersCount(query: $query, limit: null) { count precision }
}"""

NEWEST_PRODUCT = """query NewestProduct {
  products(first: 1, sortKey: ID, reverse: true) { nodes { id } }
}"""

NEWEST_CUSTOMER = """query NewestCustomer {
  customers(first: 1, sortKey: ID, reverse: true) { nodes { id } }
}"""

ORDERS_UPDATED = """query OrdersUpdated($query: String!, $after: String) {
  orders(first: 250, after: $after, sortKey: UPDATED_AT, query: $query) {
    nodes { id updatedAt } pageInfo { hasNextPage endCursor }
  }
}"""

PRODUCTS_UPDATED = """query ProductsUpdated($query: String!, $after: String) {
  products(first: 250, after: $after, sortKey: UPDATED_AT, query: $query) {
    nodes { id updatedAt variantsCount { count } } pageInfo { hasNextPage endCursor }
  }
}"""

CUSTOMERS_UPDATED = """query CustomersUpdated($query: String!, $after: String) {
  customers(first: 250, after: $after, sortKey: UPDATED_AT, query: $query) {
    nodes { id updatedAt } pageInfo { hasNextPage endCursor }
  }
}"""

_LINE = f"""
  id quantity currentQuantity sku isGiftCard product {{ id }} variant {{ id }}
  originalUnitPriceSet {_MONEY}
  discountAllocations {{ allocatedAmountSet {_MONEY} }}
  taxLines {{ priceSet {_MONEY} }}
"""

_SALE = f"""
  __typename id lineType quantity totalAmount {_MONEY} totalTaxAmount {_MONEY}
  ... on ProductSale {{ lineItem {{ id }} }}
  ... on GiftCardSale {{ lineItem {{ id }} }}
"""

_ORDER = f"""
  __typename id createdAt processedAt updatedAt cancelledAt test confirmed currencyCode
  taxesIncluded displayFinancialStatus customer {{ id }}
  refunds {{ id createdAt processedAt }}
  lineItems {{ edges {{ node {{ __typename {_LINE} }} }} }}
  agreements {{ edges {{ node {{
    __typename id ... on RefundAgreement {{ refund {{ id }} }}
    sales {{ edges {{ node {{ {_SALE} }} }} }}
  }} }} }}
"""

_VARIANT = """
  __typename id sku title price inventoryQuantity inventoryItem { id }
"""

_PRODUCT = f"""
  __typename id title vendor productType status category {{ fullName }} createdAt updatedAt
  variants {{ edges {{ node {{ {_VARIANT} }} }} }}
"""

_CUSTOMER = "__typename id createdAt updatedAt state"

_LEVEL = """
  __typename id updatedAt isActive location { id }
  quantities(names: ["available"]) { name quantity }
"""

_ITEM = (
    f"__typename id inventoryLevels(includeInactive: true) {{ edges {{ node {{ {_LEVEL} }} }} }}"
)

_INNER = {"orders": _ORDER, "products": _PRODUCT, "customers": _CUSTOMER, "inventoryItems": _ITEM}

KINDS = ("orders", "products", "customers")
"""What is counted, looked for and compared, by the name of its connection."""

STOCK = "inventoryItems"
"""What a backfill takes in besides; Shopify gives no count of it."""

LOCATIONS = """query Locations($after: String) {
  locations(first: 100, after: $after, includeInactive: true) {
    nodes { id } pageInfo { hasNextPage endCursor }
  }
}"""

LEVELS_UPDATED = f"""query LevelsUpdated($location: ID!, $query: String!, $after: String) {{
  location(id: $location) {{
    inventoryLevels(first: 100, after: $after, query: $query, includeInactive: true) {{
      nodes {{ item {{ id }} {_LEVEL} }} pageInfo {{ hasNextPage endCursor }}
    }}
  }}
}}"""


def bulk_query(kind: str, search: str) -> str:
    """Return the query of a bulk operation over everything of a kind that the search finds."""
    return _bulk(kind, search, _INNER[kind])


def bulk_ids(kind: str, search: str) -> str:
    """Return the query that lists ids, and whose an order is: to find what is no longer so."""
    owner = " customer { id }" if kind == "orders" else ""
    return _bulk(kind, search, f"__typename id{owner}")


def _bulk(kind: str, search: str, inner: str) -> str:
    # The search stands between double quotes; ours hold single quotes only.
    where = f'(query: "{search}")' if search else ""
    return f"{{ {kind}{where} {{ edges {{ node {{ {inner} }} }} }} }}"


def counted(kind: str) -> str | None:
    """Return the question for Shopify's own count of a kind, None where there is none."""
    return {
        "orders": ORDERS_COUNT,
        "products": PRODUCTS_COUNT,
        "customers": CUSTOMERS_COUNT,
    }.get(kind)


def newest(kind: str) -> str:
    """Return the question for the newest id of products or customers."""
    return {"products": NEWEST_PRODUCT, "customers": NEWEST_CUSTOMER}[kind]


def updated(kind: str) -> str:
    """Return the question for ids by when they were updated."""
    return {
        "orders": ORDERS_UPDATED,
        "products": PRODUCTS_UPDATED,
        "customers": CUSTOMERS_UPDATED,
    }[kind]


ALL = {
    "Shop": SHOP,
    "Subscriptions": SUBSCRIPTIONS,
    "CreateSubscription": CREATE_SUBSCRIPTION,
    "UpdateSubscription": UPDATE_SUBSCRIPTION,
    "DeleteSubscription": DELETE_SUBSCRIPTION,
    "RunBulk": RUN_BULK,
    "BulkOperations": BULK_OPERATIONS,
    "OrdersCount": ORDERS_COUNT,
    "ProductsCount": PRODUCTS_COUNT,
    "CustomersCount": CUSTOMERS_COUNT,
    "NewestProduct": NEWEST_PRODUCT,
    "NewestCustomer": NEWEST_CUSTOMER,
    "OrdersUpdated": ORDERS_UPDATED,
    "ProductsUpdated": PRODUCTS_UPDATED,
    "CustomersUpdated": CUSTOMERS_UPDATED,
    "Locations": LOCATIONS,
    "LevelsUpdated": LEVELS_UPDATED,
}
"""By name; the queries of bulk operations come from ``bulk_query``."""
