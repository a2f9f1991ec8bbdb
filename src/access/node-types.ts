/** Node types by id prefix: the entity, and the permission to read it. */
import { AccessToken } from '../entities/access-token.js'
import { ApiKey } from '../entities/api-key.js'
import { AuditEvent } from '../entities/audit-event.js'
import { EndUser } from '../entities/end-user.js'
import { Invitation } from '../entities/invitation.js'
import { McpCredential } from '../entities/mcp-credential.js'
import { McpOAuthClient } from '../entities/mcp-oauth-client.js'
import { McpServer } from '../entities/mcp-server.js'
import { McpToolApproval } from '../entities/mcp-tool-approval.js'
import { Member } from '../entities/member.js'
import { OAuthConfiguration } from '../entities/oauth-configuration.js'
import { OAuthGrant } from '../entities/oauth-grant.js'
import { Organization } from '../entities/organization.js'
import { PersonalToken } from '../entities/personal-token.js'
import { Project } from '../entities/project.js'
import { SigningKey } from '../entities/signing-key.js'
import { User } from '../entities/user.js'
import { can, type Actor } from './actor.js'
import type { KeyhousePermission } from './permission-definitions.js'

interface NodeType {
  readonly entity: new () => { id: string }
  readonly permission: KeyhousePermission
  /** Whether the row belongs to the actor, who may then read it without the permission. */
  readonly isOwn?: (actor: Actor, row: never) => boolean
}

/** Node types by id prefix. */
export const nodeTypes: Readonly<Record<string, NodeType>> = {
  org: { entity: Organization, permission: 'organization:read' },
  prj: { entity: Project, permission: 'project:read' },
  usr: { entity: User, permission: 'member:read' },
  mem: { entity: Member, permission: 'member:read' },
  inv: { entity: Invitation, permission: 'member:read' },
  pt: {
    entity: PersonalToken,
    permission: 'personal_token:read',
    isOwn: ({ personalToken }, { userId }: PersonalToken) => personalToken?.userId === userId,
  },
  key: { entity: ApiKey, permission: 'api_key:read' },
  at: { entity: AccessToken, permission: 'access_token:read' },
  sk: { entity: SigningKey, permission: 'signing_key:read' },
  evt: { entity: AuditEvent, permission: 'audit_event:read' },
  mcp_srv: { entity: McpServer, permission: 'mcp_server:read' },
  mcp_cred: { entity: McpCredential, permission: 'mcp_credential:read' },
  mcp_cli: { entity: McpOAuthClient, permission: 'mcp_oauth_client:read' },
  mcp_apr: { entity: McpToolApproval, permission: 'mcp_approval:read' },
  grant: { entity: OAuthGrant, permission: 'oauth_grant:read' },
  oauth_cfg: { entity: OAuthConfiguration, permission: 'oauth_configuration:read' },
  eu: { entity: EndUser, permission: 'end_user:read' },
}

/** The actor and a loader of the rows visible to it. */
interface Viewer {
  readonly actor: Actor
  load<T extends { id: string }>(entity: new () => T, id: string): Promise<T | null>
}

/** The row with this id; null if it does not exist or the actor may not read it. */
export async function findNode(viewer: Viewer, id: string): Promise<{ id: string } | null> {
  const prefix = id.slice(0, id.lastIndexOf('_'))
  // An id is untrusted input: "constructor_1" would name an inherited property.
  const nodeType = Object.hasOwn(nodeTypes, prefix) ? nodeTypes[prefix] : undefined
  if (!nodeType) return null
  const isAllowed = can(viewer.actor, nodeType.permission)
  if (!isAllowed && !nodeType.isOwn) return null
  const row = await viewer.load(nodeType.entity, id)
  return row && (isAllowed || nodeType.isOwn?.(viewer.actor, row as never)) ? row : null
}
