"""The part of Shopify's Admin schema that writes: metafields, staged uploads and bulk mutations.

Names, types and arguments are those of API 2026-10, as in ``schema.py``.
"""

_METAFIELDS = """metafield(key: String!, namespace: String): Metafield
  metafields(after: String, before: String, first: Int, keys: [String!], last: Int,
    namespace: String, reverse: Boolean = false): MetafieldConnection!"""

_OWNING = "".join(
    f"extend type {name} implements HasMetafields {{ {_METAFIELDS} }}\n"
    for name in ("Product", "ProductVariant", "Customer", "Shop")
)

WRITE_SDL = f"""
scalar JSON
enum MetafieldOwnerType {{ CUSTOMER PRODUCT PRODUCTVARIANT SHOP }}
enum MetafieldAdminAccess {{
  MERCHANT_READ MERCHANT_READ_WRITE PRIVATE PUBLIC_READ PUBLIC_READ_WRITE
}}
enum MetafieldAdminAccessInput {{ MERCHANT_READ MERCHANT_READ_WRITE }}
enum MetafieldStorefrontAccess {{ NONE PUBLIC_READ }}
enum MetafieldStorefrontAccessInput {{ NONE PUBLIC_READ }}
enum MetafieldsSetUserErrorCode {{
  APP_NOT_AUTHORIZED BLANK CAPABILITY_VIOLATION INCLUSION INTERNAL_ERROR INVALID
  INVALID_COMPARE_DIGEST INVALID_TYPE INVALID_VALUE LESS_THAN_OR_EQUAL_TO PRESENT STALE_OBJECT
  TAKEN TOO_LONG TOO_SHORT
}}
enum MetafieldDefinitionCreateUserErrorCode {{
  ADMIN_ACCESS_INPUT_NOT_ALLOWED BLANK INCLUSION INVALID INVALID_CHARACTER LIMIT_EXCEEDED PRESENT
  RESERVED_NAMESPACE_KEY RESOURCE_TYPE_LIMIT_EXCEEDED RESOURCE_TYPE_LIMIT_EXCEEDED_BY_APP TAKEN
  TOO_LONG TOO_SHORT UNSTRUCTURED_ALREADY_EXISTS
}}
enum StandardMetafieldDefinitionEnableUserErrorCode {{
  ADMIN_ACCESS_INPUT_NOT_ALLOWED INVALID LIMIT_EXCEEDED TAKEN TEMPLATE_NOT_FOUND
  UNSTRUCTURED_ALREADY_EXISTS
}}
enum StagedUploadTargetGenerateUploadResource {{ BULK_MUTATION_VARIABLES }}
enum StagedUploadHttpMethodType {{ POST PUT }}
enum BulkMutationErrorCode {{
  INTERNAL_FILE_SERVER_ERROR INVALID_MUTATION INVALID_STAGED_UPLOAD_FILE LIMIT_REACHED
  NO_SUCH_FILE OPERATION_IN_PROGRESS
}}
interface HasMetafields {{ {_METAFIELDS} }}
{_OWNING}
type App implements Node {{ id: ID! }}
extend type AppInstallation {{ app: App! }}
type MetafieldAccess {{ admin: MetafieldAdminAccess storefront: MetafieldStorefrontAccess }}
type MetafieldDefinitionType {{ name: String! }}
type MetafieldDefinition implements Node {{
  id: ID! name: String! namespace: String! key: String! ownerType: MetafieldOwnerType!
  type: MetafieldDefinitionType! access: MetafieldAccess!
}}
type Metafield implements Node {{
  id: ID! legacyResourceId: UnsignedInt64! namespace: String! key: String! type: String!
  value: String! jsonValue: JSON! sizeInBytes: Int! compareDigest: String! createdAt: DateTime!
  updatedAt: DateTime! ownerType: MetafieldOwnerType! owner: HasMetafields!
  definition: MetafieldDefinition
}}
type MetafieldIdentifier {{ key: String! namespace: String! ownerId: ID! }}
type MetafieldsSetUserError {{
  code: MetafieldsSetUserErrorCode elementIndex: Int field: [String!] message: String!
}}
type MetafieldsSetPayload {{
  metafields: [Metafield!] userErrors: [MetafieldsSetUserError!]!
}}
type MetafieldsDeletePayload {{
  deletedMetafields: [MetafieldIdentifier] userErrors: [UserError!]!
}}
type MetafieldDefinitionCreateUserError {{
  code: MetafieldDefinitionCreateUserErrorCode field: [String!] message: String!
}}
type MetafieldDefinitionCreatePayload {{
  createdDefinition: MetafieldDefinition userErrors: [MetafieldDefinitionCreateUserError!]!
}}
type StandardMetafieldDefinitionEnableUserError {{
  code: StandardMetafieldDefinitionEnableUserErrorCode field: [String!] message: String!
}}
type StandardMetafieldDefinitionEnablePayload {{
  createdDefinition: MetafieldDefinition
  userErrors: [StandardMetafieldDefinitionEnableUserError!]!
}}
type StagedUploadParameter {{ name: String! value: String! }}
type StagedMediaUploadTarget {{
  parameters: [StagedUploadParameter!]! resourceUrl: URL url: URL
}}
type StagedUploadsCreatePayload {{
  stagedTargets: [StagedMediaUploadTarget!] userErrors: [UserError!]!
}}
type BulkMutationUserError {{ code: BulkMutationErrorCode field: [String!] message: String! }}
type BulkOperationRunMutationPayload {{
  bulkOperation: BulkOperation userErrors: [BulkMutationUserError!]!
}}
input MetafieldsSetInput {{
  compareDigest: String key: String! namespace: String ownerId: ID! type: String value: String!
}}
input MetafieldIdentifierInput {{ key: String! namespace: String! ownerId: ID! }}
input MetafieldAccessInput {{
  admin: MetafieldAdminAccessInput storefront: MetafieldStorefrontAccessInput
}}
input StandardMetafieldDefinitionAccessInput {{
  admin: MetafieldAdminAccessInput storefront: MetafieldStorefrontAccessInput
}}
input MetafieldDefinitionInput {{
  access: MetafieldAccessInput description: String key: String! name: String! namespace: String
  ownerType: MetafieldOwnerType! type: String!
}}
input StagedUploadInput {{
  fileSize: UnsignedInt64 filename: String! httpMethod: StagedUploadHttpMethodType = PUT
  mimeType: String! resource: StagedUploadTargetGenerateUploadResource!
}}
extend type QueryRoot {{
  product(id: ID!): Product
  productVariant(id: ID!): ProductVariant
  customer(id: ID!): Customer
  metafieldDefinitions(after: String, before: String, first: Int, key: String, last: Int,
    namespace: String, ownerType: MetafieldOwnerType!, reverse: Boolean = false
  ): MetafieldDefinitionConnection!
}}
extend type Mutation {{
  metafieldsSet(metafields: [MetafieldsSetInput!]!): MetafieldsSetPayload
  metafieldsDelete(metafields: [MetafieldIdentifierInput!]!): MetafieldsDeletePayload
  metafieldDefinitionCreate(
    definition: MetafieldDefinitionInput!
  ): MetafieldDefinitionCreatePayload
  standardMetafieldDefinitionEnable(
    access: StandardMetafieldDefinitionAccessInput, key: String, namespace: String,
    ownerType: MetafieldOwnerType!
  ): StandardMetafieldDefinitionEnablePayload
  stagedUploadsCreate(input: [StagedUploadInput!]!): StagedUploadsCreatePayload
  bulkOperationRunMutation(
    clientIdentifier: String, mutation: String!, stagedUploadPath: String!
  ): BulkOperationRunMutationPayload
}}
"""
