/** Catalogue of permissions: roles, API key grants, end-user limits and the schema's `permissionDefinitions` derive from it. */
import type { MemberRole } from '../entities/enums.js'

interface PermissionRow {
  readonly title: string
  readonly description: string
  readonly roles: readonly MemberRole[]
  readonly grantableToApiKey: boolean
  /** Whether an actor may use it on behalf of an end user. Otherwise it is denied there, even if the credential holds it. */
  readonly allowedForEndUser: boolean
}

const everyone = ['ADMIN', 'MEMBER', 'READER'] as const
const members = ['ADMIN', 'MEMBER'] as const
const admins = ['ADMIN'] as const

const definePermission = (
  title: string,
  description: string,
  roles: readonly MemberRole[],
  limits: { keys?: false; endUsers?: true } = {},
): PermissionRow => ({
  title,
  description,
  roles,
  grantableToApiKey: limits.keys ?? true,
  allowedForEndUser: limits.endUsers ?? false,
})

export const permissions = {
  'organization:read': definePermission('Read the organization', 'Read the name and creation time of the organization.', everyone),
  'organization:update': definePermission('Change the organization', 'Rename the organization.', admins, { keys: false }),
  'project:create': definePermission('Create projects', 'Create a project in the organization.', admins, { keys: false }),
  'project:read': definePermission('Read projects', 'List the projects that the credential can access.', everyone),
  'project:update': definePermission('Change projects', 'Rename a project.', admins, { keys: false }),
  'member:invite': definePermission('Invite people', 'Invite people, and revoke invitations.', admins, { keys: false }),
  'member:read': definePermission('Read members', 'List members and invitations.', everyone),
  'member:update': definePermission('Change members', 'Change the role and projects of a member, and create sign-in tokens.', admins, {
    keys: false,
  }),
  'member:remove': definePermission('Remove members', 'Remove a member, and revoke its personal tokens.', admins, { keys: false }),
  'api_key:create': definePermission('Create API keys', 'Create a key with permissions that the creator holds.', members),
  'api_key:read': definePermission('Read API keys', 'List keys without their secrets.', everyone),
  'api_key:update': definePermission(
    'Change API keys',
    'Change the label, permissions, rate limits and allowed audiences of a key.',
    members,
  ),
  'api_key:rotate': definePermission('Rotate API keys', 'Replace the secret of a key.', members),
  'api_key:revoke': definePermission('Revoke API keys', 'Revoke a key and every access token exchanged from it.', members),
  'api_key:suspend': definePermission('Suspend API keys', 'Suspend and resume a key, with every access token exchanged from it.', members),
  'api_key:verify': definePermission('Verify API keys', 'Check whether a key that another service received is valid.', members),
  'access_token:read': definePermission('Read access tokens', 'List the records of access tokens.', everyone),
  'access_token:revoke': definePermission('Revoke access tokens', 'Revoke one access token.', members),
  'access_token:introspect': definePermission(
    'Introspect tokens',
    'Check whether a token that another service received is active (RFC 7662).',
    members,
  ),
  'personal_token:read': definePermission(
    'Read personal tokens',
    'List the personal tokens of all members, without their secrets.',
    admins,
    { keys: false },
  ),
  'personal_token:revoke': definePermission(
    'Revoke personal tokens',
    'Revoke personal tokens of other members. Own tokens need no permission.',
    admins,
    { keys: false },
  ),
  'end_user:read': definePermission('Read end users', 'List end users.', everyone),
  'end_user:forget': definePermission(
    'Forget end users',
    'Delete an end user with its access tokens, MCP credentials and MCP servers.',
    members,
  ),
  'mcp_server:create': definePermission('Register MCP servers', 'Register an MCP server.', members, { endUsers: true }),
  'mcp_server:read': definePermission('Read MCP servers', 'List MCP servers, and the metadata of their credentials.', everyone, {
    endUsers: true,
  }),
  'mcp_server:update': definePermission('Change MCP servers', 'Change an MCP server.', members, { endUsers: true }),
  'mcp_server:delete': definePermission('Delete MCP servers', 'Delete an MCP server, and wipe its credentials.', members, {
    endUsers: true,
  }),
  'mcp_server:test': definePermission(
    'Test MCP servers',
    'Connect to an MCP server with a stored credential and list its tools.',
    members,
    {
      endUsers: true,
    },
  ),
  'mcp_server:use': definePermission('Use MCP servers', 'Send messages to an MCP server through the gateway.', members, { endUsers: true }),
  'mcp_credential:create': definePermission(
    'Store credentials',
    'Store or replace an MCP credential. Its value cannot be read again.',
    members,
    {
      endUsers: true,
    },
  ),
  'mcp_credential:read': definePermission('Read credentials', 'List the metadata of MCP credentials, without their values.', everyone, {
    endUsers: true,
  }),
  'mcp_credential:revoke': definePermission('Revoke credentials', 'Revoke an MCP credential, and wipe its value.', members, {
    endUsers: true,
  }),
  'mcp_oauth_client:create': definePermission(
    'Store OAuth clients',
    'Store the client that Keyhouse is at an authorization server of MCP servers. Its secret cannot be read again.',
    members,
  ),
  'mcp_oauth_client:read': definePermission(
    'Read OAuth clients',
    'List the OAuth clients for MCP servers, without their secrets.',
    everyone,
  ),
  'mcp_oauth_client:delete': definePermission('Delete OAuth clients', 'Delete an OAuth client for MCP servers.', members),
  'mcp_tool:*': definePermission('Call MCP tools', 'Call every tool through the gateway; `mcp_tool:<name>` allows one tool.', members, {
    endUsers: true,
  }),
  'mcp_approval:read': definePermission('Read approvals', 'List tool calls that require approval, with their arguments.', everyone, {
    endUsers: true,
  }),
  'mcp_approval:decide': definePermission(
    'Decide approvals',
    'Approve or deny tool calls, and relax the rules of an MCP server.',
    members,
    {
      endUsers: true,
    },
  ),
  'oauth_configuration:read': definePermission('Read OAuth configurations', 'List the OAuth configurations of projects.', everyone),
  'oauth_configuration:update': definePermission('Configure OAuth', 'Set and delete the OAuth configuration of a project.', admins, {
    keys: false,
  }),
  'oauth_grant:read': definePermission('Read OAuth grants', 'List the OAuth grants of end users.', everyone, { endUsers: true }),
  'oauth_grant:revoke': definePermission('Revoke OAuth grants', 'Revoke an OAuth grant with its tokens.', members, { endUsers: true }),
  'audit_event:read': definePermission('Read the audit trail', 'List audit events: actions, their actors, and refusals.', admins),
  'usage:read': definePermission('Read usage', 'Count requests by key, end user and operation.', everyone),
  'signing_key:read': definePermission('Read signing keys', 'List the public metadata of the keys that sign tokens.', admins, {
    keys: false,
  }),
  'sandbox:reset': definePermission(
    'Reset the sandbox',
    'Delete the sandbox data of a project, and revoke its sandbox credentials.',
    members,
  ),
} as const satisfies Record<string, PermissionRow>

/** Name of a built-in permission, `resource:action`. */
export type KeyhousePermission = keyof typeof permissions
