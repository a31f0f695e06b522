"""The part of Shopify's Admin schema that the simulated shop answers.

Names, types and arguments are those of API 2026-10; a test compares each of them with the published
schema. What is not here is answered as Shopify answers a field that does not exist.
https://shopify.dev/docs/api/admin-graphql/2026-10
"""

from functools import cache

from graphql import GraphQLSchema, build_schema

from shopwright.simulator.admin.topics import TOPIC_NAMES
from shopwright.simulator.admin.write_schema import WRITE_SDL

API_VERSION = "2026-10"
SUPPORTED_VERSIONS = ("2026-01", "2026-04", "2026-07", "2026-10")

_ARGS = "after: String, before: String, first: Int, last: Int, reverse: Boolean = false"
_SEARCH = (
    "after: String, before: String, first: Int, last: Int, query: String, reverse: Boolean = false"
)


def _connection(node: str) -> str:
    return f"""
type {node}Connection {{ edges: [{node}Edge!]! nodes: [{node}!]! pageInfo: PageInfo! }}
type {node}Edge {{ cursor: String! node: {node}! }}
"""


_CONNECTED = (
    "Order",
    "LineItem",
    "SalesAgreement",
    "Sale",
    "Product",
    "ProductVariant",
    "Customer",
    "InventoryItem",
    "InventoryLevel",
    "Location",
    "WebhookSubscription",
    "BulkOperation",
    "Metafield",
    "MetafieldDefinition",
)

_SALE = """
  id: ID! actionType: SaleActionType! lineType: SaleLineType! quantity: Int
  totalAmount: MoneyBag! totalTaxAmount: MoneyBag!
"""
_AGREEMENT = f"""
  id: ID! happenedAt: DateTime! reason: OrderActionType! sales({_ARGS}): SaleConnection!
"""

SDL = f"""
schema {{ query: QueryRoot mutation: Mutation }}
scalar DateTime scalar Decimal scalar Money scalar URL scalar UnsignedInt64
enum CurrencyCode {{ GBP USD JPY EUR CAD AUD KWD }}
enum CountPrecision {{ AT_LEAST EXACT }}
enum OrderDisplayFinancialStatus {{
  AUTHORIZED EXPIRED PAID PARTIALLY_PAID PARTIALLY_REFUNDED PENDING REFUNDED VOIDED
}}
enum OrderActionType {{ ORDER ORDER_EDIT REFUND RETURN UNKNOWN }}
enum SaleActionType {{ ORDER RETURN UNKNOWN UPDATE }}
enum SaleLineType {{
  ADDITIONAL_FEE ADJUSTMENT DUTY FEE GIFT_CARD PRODUCT SHIPPING TIP UNKNOWN
}}
enum OrderSortKeys {{ CREATED_AT ID PROCESSED_AT UPDATED_AT }}
enum ProductSortKeys {{ CREATED_AT ID UPDATED_AT }}
enum CustomerSortKeys {{ CREATED_AT ID UPDATED_AT }}
enum CustomerState {{ DECLINED DISABLED ENABLED INVITED }}
enum LocationSortKeys {{ ID NAME }}
enum ProductStatus {{ ACTIVE ARCHIVED DRAFT UNLISTED }}
enum BulkOperationStatus {{ CANCELED CANCELING COMPLETED CREATED EXPIRED FAILED RUNNING }}
enum BulkOperationType {{ MUTATION QUERY }}
enum BulkOperationErrorCode {{ ACCESS_DENIED INTERNAL_SERVER_ERROR TIMEOUT }}
enum BulkOperationUserErrorCode {{ INVALID LIMIT_REACHED OPERATION_IN_PROGRESS }}
enum BulkOperationsSortKeys {{ COMPLETED_AT CREATED_AT }}
enum WebhookSubscriptionFormat {{ JSON XML }}
enum WebhookSubscriptionTopic {{ {" ".join(sorted(TOPIC_NAMES))} }}
interface Node {{ id: ID! }}
interface SalesAgreement {{ {_AGREEMENT} }}
interface Sale {{ {_SALE} }}
type MoneyV2 {{ amount: Decimal! currencyCode: CurrencyCode! }}
type MoneyBag {{ presentmentMoney: MoneyV2! shopMoney: MoneyV2! }}
type PageInfo {{
  endCursor: String hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String
}}
type Count {{ count: Int! precision: CountPrecision! }}
type DiscountAllocation {{ allocatedAmountSet: MoneyBag! }}
type TaxLine {{ priceSet: MoneyBag! title: String! }}
type Refund implements Node {{
  id: ID! legacyResourceId: UnsignedInt64! createdAt: DateTime processedAt: DateTime!
}}
type OrderAgreement implements SalesAgreement {{ {_AGREEMENT} }}
type OrderEditAgreement implements SalesAgreement {{ {_AGREEMENT} }}
type RefundAgreement implements SalesAgreement {{ {_AGREEMENT} refund: Refund! }}
type ProductSale implements Sale {{ {_SALE} lineItem: LineItem! }}
type GiftCardSale implements Sale {{ {_SALE} lineItem: LineItem! }}
type AdjustmentSale implements Sale {{ {_SALE} }}
type LineItem implements Node {{
  id: ID! quantity: Int! currentQuantity: Int! sku: String title: String! isGiftCard: Boolean!
  product: Product variant: ProductVariant originalUnitPriceSet: MoneyBag!
  discountAllocations: [DiscountAllocation!]! taxLines(first: Int): [TaxLine!]!
}}
type Order implements Node {{
  id: ID! legacyResourceId: UnsignedInt64! name: String! createdAt: DateTime!
  processedAt: DateTime! updatedAt: DateTime! cancelledAt: DateTime test: Boolean!
  confirmed: Boolean! currencyCode: CurrencyCode! taxesIncluded: Boolean!
  displayFinancialStatus: OrderDisplayFinancialStatus customer: Customer
  refunds(first: Int): [Refund!]! lineItems({_ARGS}): LineItemConnection!
  agreements({_SEARCH}): SalesAgreementConnection!
}}
type TaxonomyCategory implements Node {{ id: ID! fullName: String! name: String! }}
type Product implements Node {{
  id: ID! legacyResourceId: UnsignedInt64! title: String! vendor: String! productType: String!
  status: ProductStatus! category: TaxonomyCategory createdAt: DateTime! updatedAt: DateTime!
  variants({_ARGS}): ProductVariantConnection! variantsCount: Count
}}
type ProductVariant implements Node {{
  id: ID! legacyResourceId: UnsignedInt64! sku: String title: String! price: Money!
  inventoryQuantity: Int updatedAt: DateTime! inventoryItem: InventoryItem! product: Product!
}}
type InventoryItem implements Node {{
  id: ID! legacyResourceId: UnsignedInt64! sku: String tracked: Boolean! updatedAt: DateTime!
  inventoryLevels(after: String, before: String, first: Int, includeInactive: Boolean = false,
    last: Int, query: String, reverse: Boolean = false): InventoryLevelConnection!
}}
type Location implements Node {{
  id: ID! name: String!
  inventoryLevels(after: String, before: String, first: Int, includeInactive: Boolean = false,
    last: Int, query: String, reverse: Boolean = false): InventoryLevelConnection!
}}
type InventoryQuantity implements Node {{
  id: ID! name: String! quantity: Int! updatedAt: DateTime
}}
type InventoryLevel implements Node {{
  id: ID! updatedAt: DateTime! isActive: Boolean! item: InventoryItem! location: Location!
  quantities(names: [String!]!): [InventoryQuantity!]!
}}
type Customer implements Node {{
  id: ID! legacyResourceId: UnsignedInt64! createdAt: DateTime! updatedAt: DateTime!
  state: CustomerState!
}}
type Domain implements Node {{ id: ID! host: String! }}
type ShopPlan {{ partnerDevelopment: Boolean! publicDisplayName: String! shopifyPlus: Boolean! }}
type Shop implements Node {{
  id: ID! name: String! myshopifyDomain: String! primaryDomain: Domain!
  currencyCode: CurrencyCode! ianaTimezone: String! plan: ShopPlan!
}}
type AccessScope {{ handle: String! }}
type AppInstallation implements Node {{ id: ID! accessScopes: [AccessScope!]! }}
type ApiVersion {{ displayName: String! handle: String! supported: Boolean! }}
type WebhookSubscription implements Node {{
  id: ID! legacyResourceId: UnsignedInt64! topic: WebhookSubscriptionTopic! uri: String!
  name: String filter: String includeFields: [String!]! format: WebhookSubscriptionFormat!
  apiVersion: ApiVersion! createdAt: DateTime! updatedAt: DateTime!
}}
type BulkOperation implements Node {{
  id: ID! type: BulkOperationType! status: BulkOperationStatus! errorCode: BulkOperationErrorCode
  objectCount: UnsignedInt64! rootObjectCount: UnsignedInt64! fileSize: UnsignedInt64 url: URL
  partialDataUrl: URL createdAt: DateTime! completedAt: DateTime query: String!
}}
{"".join(_connection(node) for node in _CONNECTED)}
type UserError {{ field: [String!] message: String! }}
type BulkOperationUserError {{
  code: BulkOperationUserErrorCode field: [String!] message: String!
}}
type BulkOperationRunQueryPayload {{
  bulkOperation: BulkOperation userErrors: [BulkOperationUserError!]!
}}
type BulkOperationCancelPayload {{ bulkOperation: BulkOperation userErrors: [UserError!]! }}
type WebhookSubscriptionCreatePayload {{
  userErrors: [UserError!]! webhookSubscription: WebhookSubscription
}}
type WebhookSubscriptionUpdatePayload {{
  userErrors: [UserError!]! webhookSubscription: WebhookSubscription
}}
type WebhookSubscriptionDeletePayload {{
  deletedWebhookSubscriptionId: ID userErrors: [UserError!]!
}}
input WebhookSubscriptionInput {{
  filter: String format: WebhookSubscriptionFormat includeFields: [String!] name: String uri: String
}}
type QueryRoot {{
  shop: Shop!
  currentAppInstallation: AppInstallation!
  publicApiVersions: [ApiVersion!]!
  nodes(ids: [ID!]!): [Node]!
  orders({_SEARCH}, sortKey: OrderSortKeys = PROCESSED_AT): OrderConnection!
  ordersCount(limit: Int = 10000, query: String): Count
  products({_SEARCH}, sortKey: ProductSortKeys = ID): ProductConnection!
  productsCount(limit: Int = 10000, query: String): Count
  productVariantsCount(limit: Int = 10000, query: String): Count
  customers({_SEARCH}, sortKey: CustomerSortKeys = ID): CustomerConnection!
  customersCount(limit: Int = 10000, query: String): Count
  inventoryItems({_SEARCH}): InventoryItemConnection!
  location(id: ID): Location
  locations(after: String, before: String, first: Int, includeInactive: Boolean = false,
    includeLegacy: Boolean = false, last: Int, query: String, reverse: Boolean = false,
    sortKey: LocationSortKeys = NAME): LocationConnection!
  webhookSubscriptions({_SEARCH}): WebhookSubscriptionConnection!
  bulkOperation(id: ID!): BulkOperation
  bulkOperations({_SEARCH}, sortKey: BulkOperationsSortKeys = CREATED_AT): BulkOperationConnection!
}}
type Mutation {{
  bulkOperationRunQuery(
    groupObjects: Boolean! = false, query: String!
  ): BulkOperationRunQueryPayload
  bulkOperationCancel(id: ID!): BulkOperationCancelPayload
  webhookSubscriptionCreate(
    topic: WebhookSubscriptionTopic!, webhookSubscription: WebhookSubscriptionInput!
  ): WebhookSubscriptionCreatePayload
  webhookSubscriptionUpdate(
    id: ID!, webhookSubscription: WebhookSubscriptionInput!
  ): WebhookSubscriptionUpdatePayload
  webhookSubscriptionDelete(id: ID!): WebhookSubscriptionDeletePayload
}}
{WRITE_SDL}"""


@cache
def schema() -> GraphQLSchema:
    """Return the schema, parsed once a process."""
    return build_schema(SDL)
