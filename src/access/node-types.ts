/** What the prefix of an id says: which entity it is, and what one must hold to see it. */
import { AccessToken } from '../entities/access-token.js'
import { ApiKey } from '../entities/api-key.js'
import { AuditEvent } from '../entities/audit-event.js'
import { EndUser } from '../entities/end-user.js'
import { Invitation } from '../entities/invitation.js'
import { McpCredential } from '../entities/mcp-credential.js'
import { McpServer } from '../entities/mcp-server.js'
import { McpToolApproval } from '../entities/mcp-tool-approval.js'
import { Member } from '../entities/member.js'
import { Organization } from '../entities/organization.js'
import { PersonalToken } from '../entities/personal-token.js'
import { Project } from '../entities/project.js'
import { SigningKey } from '../entities/signing-key.js'
import { User } from '../entities/user.js'
import type { KeyhousePermission } from './actions.js'
import { can, type Actor } from './actor.js'

interface Kind {
  readonly entity: new () => { id: string }
  readonly permission: KeyhousePermission
  /** What belongs to the caller needs no permission. */
  readonly isOwn?: (actor: Actor, row: never) => boolean
}

export const kinds: Readonly<Record<string, Kind>> = {
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
  mcp_apr: { entity: McpToolApproval, permission: 'mcp_approval:read' },
  eu: { entity: EndUser, permission: 'end_user:read' },
}

/** A caller, and how to read what it sees. */
interface Viewer {
  readonly actor: Actor
  load<T extends { id: string }>(entity: new () => T, id: string): Promise<T | null>
}

/** The row, if there is one and the caller may see it; null otherwise, whichever it is. */
export async function findNode(viewer: Viewer, id: string): Promise<{ id: string } | null> {
  const prefix = id.slice(0, id.lastIndexOf('_'))
  // An id may say anything: "constructor_1" names a property of every object.
  const kind = Object.hasOwn(kinds, prefix) ? kinds[prefix] : undefined
  if (!kind) return null
  const isAllowed = can(viewer.actor, kind.permission)
  if (!isAllowed && !kind.isOwn) return null
  const row = await viewer.load(kind.entity, id)
  return row && (isAllowed || kind.isOwn?.(viewer.actor, row as never)) ? row : null
}
