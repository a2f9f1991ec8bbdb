/**
 * Permissions that each operation may use: root fields of the schema and messages of the gateway. They turn counted usage into
 * exercised permissions (docs/decisions/0204). Nested fields have no row, since usage does not count them.
 */
import { nodeTypes } from './node-types.js'
import type { KeyhousePermission } from './permission-definitions.js'

/** Reading by id needs the permission of the id's type, which usage does not count. */
const nodePermissions = [...new Set(Object.values(nodeTypes).map(({ permission }) => permission))]

/** Root fields. One that needs no permission, or only that of another service, has an empty row. */
export const rootFieldPermissions: Readonly<Record<string, readonly KeyhousePermission[]>> = {
  accessTokens: ['access_token:read'],
  apiKey: ['api_key:read'],
  apiKeys: ['api_key:read'],
  auditActions: [],
  auditEvents: ['audit_event:read'],
  endUser: ['end_user:read'],
  endUsers: ['end_user:read'],
  explainAccess: ['api_key:read', 'access_token:read', 'member:read', 'mcp_server:read', 'mcp_credential:read'],
  invitations: ['member:read'],
  mcpCredentials: ['mcp_credential:read'],
  mcpOAuthClients: ['mcp_oauth_client:read'],
  mcpServer: ['mcp_server:read'],
  mcpServers: ['mcp_server:read'],
  mcpToolApprovals: ['mcp_approval:read'],
  members: ['member:read'],
  node: nodePermissions,
  nodes: nodePermissions,
  oauthGrants: ['oauth_grant:read'],
  oauthConfigurations: ['oauth_configuration:read'],
  organization: ['organization:read'],
  organizationTokens: ['personal_token:read'],
  permissionDefinitions: [],
  personalToken: [],
  personalTokens: [],
  projects: ['project:read'],
  signingKeys: ['signing_key:read'],
  usage: ['usage:read'],
  viewer: [],
  acceptInvitation: [],
  approveSignIn: [],
  createApiKey: ['api_key:create'],
  createMcpCredential: ['mcp_credential:create'],
  createMcpOAuthClient: ['mcp_oauth_client:create'],
  createMcpServer: ['mcp_server:create'],
  createPersonalToken: [],
  createProject: ['project:create'],
  createSignInToken: ['member:update'],
  decideMcpToolCall: ['mcp_approval:decide'],
  deleteOAuthConfiguration: ['oauth_configuration:update'],
  deleteMcpOAuthClient: ['mcp_oauth_client:delete'],
  deleteMcpServer: ['mcp_server:delete'],
  exchangeApiKey: [],
  forgetEndUser: ['end_user:forget'],
  importApiKeys: ['api_key:create'],
  introspectToken: ['access_token:introspect'],
  inviteMember: ['member:invite'],
  removeMember: ['member:remove'],
  reportLeakedApiKey: [],
  resetSandbox: ['sandbox:reset'],
  revealPersonalToken: [],
  resumeApiKey: ['api_key:suspend'],
  revokeAccessToken: ['access_token:revoke'],
  revokeAllPersonalTokens: [],
  revokeApiKey: ['api_key:revoke'],
  revokeInvitation: ['member:invite'],
  revokeOAuthGrant: ['oauth_grant:revoke'],
  revokeMcpCredential: ['mcp_credential:revoke'],
  revokeOrganizationToken: ['personal_token:revoke'],
  revokePersonalToken: [],
  rotateApiKey: ['api_key:rotate'],
  setOAuthConfiguration: ['oauth_configuration:update'],
  signIn: [],
  startMcpConnection: ['mcp_credential:create'],
  suspendApiKey: ['api_key:suspend'],
  testMcpServer: ['mcp_server:test'],
  updateApiKey: ['api_key:update'],
  updateMember: ['member:update'],
  // A shared credential is changed with the right to decide.
  updateMcpCredential: ['mcp_credential:create', 'mcp_approval:decide'],
  // Relaxing the rules of a server needs the right to decide.
  updateMcpServer: ['mcp_server:update', 'mcp_approval:decide'],
  updateMcpOAuthClient: ['mcp_oauth_client:create'],
  updateOrganization: ['organization:update'],
  updateProject: ['project:update'],
  updateViewer: [],
  verifyApiKey: ['api_key:verify'],
}

/** Permissions that an operation, as usage names it, may have used. Which tool was called is not part of the name. */
export function operationPermissions(operation: string): readonly KeyhousePermission[] {
  if (operation.startsWith('mcp:')) return ['mcp_server:use']
  return Object.hasOwn(rootFieldPermissions, operation) ? rootFieldPermissions[operation]! : []
}
