/** From resolvers to the schema, and to the text that is committed as schema.graphql. */
import 'reflect-metadata'
import { isInputObjectType, lexicographicSortSchema, printSchema, type GraphQLSchema } from 'graphql'
import { buildSchemaSync } from 'type-graphql'

import { AccessTokenResolver } from './resolvers/access-token.resolver.js'
import { ApiKeyAccessResolver, ApiKeyActivityResolver, ApiKeyEffectiveAccessResolver } from './resolvers/api-key-access.resolver.js'
import { ApiKeyResolver } from './resolvers/api-key.resolver.js'
import { AuditResolver } from './resolvers/audit.resolver.js'
import { EndUserResolver } from './resolvers/end-user.resolver.js'
import { ExplainAccessResolver } from './resolvers/explain-access.resolver.js'
import { ImportApiKeysResolver } from './resolvers/import-api-keys.resolver.js'
import { InvitationResolver } from './resolvers/invitation.resolver.js'
import { McpCredentialListResolver } from './resolvers/mcp-credential-list.resolver.js'
import { McpCredentialResolver } from './resolvers/mcp-credential.resolver.js'
import { McpOAuthClientResolver } from './resolvers/mcp-oauth-client.resolver.js'
import { McpServerResolver } from './resolvers/mcp-server.resolver.js'
import { McpToolApprovalResolver } from './resolvers/mcp-tool-approval.resolver.js'
import { MemberResolver } from './resolvers/member.resolver.js'
import { NodeResolver } from './resolvers/node.resolver.js'
import { OAuthConfigurationResolver } from './resolvers/oauth-configuration.resolver.js'
import { OAuthGrantResolver } from './resolvers/oauth-grant.resolver.js'
import { OrganizationResolver } from './resolvers/organization.resolver.js'
import { PermissionResolver } from './resolvers/permission.resolver.js'
import { PersonalTokenResolver } from './resolvers/personal-token.resolver.js'
import { ReportLeakedApiKeyResolver } from './resolvers/report-leaked-api-key.resolver.js'
import { SandboxResolver } from './resolvers/sandbox.resolver.js'
import { SignInResolver } from './resolvers/sign-in.resolver.js'
import { SigningKeyResolver } from './resolvers/signing-key.resolver.js'
import { SuspendApiKeyResolver } from './resolvers/suspend-api-key.resolver.js'
import { TestMcpServerResolver } from './resolvers/test-mcp-server.resolver.js'
import { TokenIntrospectionResolver } from './resolvers/token-introspection.resolver.js'
import { UsageResolver } from './resolvers/usage.resolver.js'
import { VerifyApiKeyResolver } from './resolvers/verify-api-key.resolver.js'
import { ViewerResolver } from './resolvers/viewer.resolver.js'
import { wrapRootFields } from './resolvers/wrap-root-fields.js'

export function buildSchema(): GraphQLSchema {
  const schema = buildSchemaSync({
    resolvers: [
      AccessTokenResolver,
      ApiKeyResolver,
      ApiKeyAccessResolver,
      ApiKeyActivityResolver,
      ApiKeyEffectiveAccessResolver,
      AuditResolver,
      EndUserResolver,
      ExplainAccessResolver,
      ImportApiKeysResolver,
      InvitationResolver,
      MemberResolver,
      TokenIntrospectionResolver,
      McpCredentialResolver,
      McpCredentialListResolver,
      McpOAuthClientResolver,
      McpServerResolver,
      TestMcpServerResolver,
      McpToolApprovalResolver,
      NodeResolver,
      OAuthGrantResolver,
      OAuthConfigurationResolver,
      OrganizationResolver,
      PermissionResolver,
      PersonalTokenResolver,
      ReportLeakedApiKeyResolver,
      SignInResolver,
      SigningKeyResolver,
      SandboxResolver,
      UsageResolver,
      SuspendApiKeyResolver,
      VerifyApiKeyResolver,
      ViewerResolver,
    ],
    // Input is checked by the verbs: class-validator would return whole inputs, secrets included.
    validate: false,
    // Apollo Server validates the schema once more, with the changes below.
    skipCheck: true,
  })
  wrapRootFields(schema)
  // TypeGraphQL knows no @oneOf: as a directive it compiles, and two keys pass silently.
  for (const type of Object.values(schema.getTypeMap())) {
    if (isInputObjectType(type) && type.extensions['isOneOf'] === true) type.isOneOf = true
  }
  // Nor does it describe the roots, which an explorer shows first.
  schema.getQueryType()!.description =
    'Read operations. Lists are Relay connections. Objects that the caller cannot see are left out. A missing permission for a root field is an error in `errors` (FORBIDDEN), except for `node` and `nodes`.'
  schema.getMutationType()!.description =
    'Write operations, and every operation that takes or returns a secret, so that none travels in a URL. `userErrors` in each payload is empty on success. A payload is null only with an error in `errors` of the response.'
  return schema
}

export const printedSchema = (schema: GraphQLSchema): string => `${printSchema(lexicographicSortSchema(schema))}\n`
