import { authenticate } from '../../src/access/authenticate.js'
/** Ids of every kind, made at any place: what the tables of operations need to speak of something that is there. */
import { exchangeApiKey } from '../../src/api-keys/exchange-api-key.js'
import { Context, systemContext } from '../../src/context/context.js'
import { AuditEvent } from '../../src/entities/audit-event.js'
import type { Environment } from '../../src/entities/enums.js'
import { McpCredential } from '../../src/entities/mcp-credential.js'
import { newId } from '../../src/lib/id.js'
import { Secret } from '../../src/lib/secret.js'
import { approveToolCall } from '../../src/mcp/approvals/approve-tool-call.js'
import { createMcpCredential } from '../../src/mcp/credentials/create-mcp-credential.js'
import { createMcpServer } from '../../src/mcp/servers/create-mcp-server.js'
import type { TestApp } from './app.js'
import type { SeededOrganization } from './seed.js'

/** Where something stands, or a caller. */
export interface Place {
  readonly app: TestApp
  readonly organization: SeededOrganization
  readonly projectId: string
  readonly environment: Environment
  /** For which of its backend's users, by external id; null: for the backend itself. */
  readonly externalUserId: string | null
  /** Who the caller is, if a person; what belongs to people is theirs then. */
  readonly userId?: string
}

/** From wide to narrow: what is confined to one is confined to all before it. */
export const dimensions = ['organization', 'project', 'environment', 'endUser'] as const
export type Dimension = (typeof dimensions)[number]

interface IdKind {
  /** The narrowest thing that it belongs to. */
  readonly confinedTo: Dimension
  /** End users see those of the backend itself too. */
  readonly isShared?: true
  /** The id of something of the kind at that place, made if need be. */
  readonly at: (place: Place) => Promise<string> | string
}

const keys = new Map<string, Promise<string>>()

/** One key a place, which may do what the kinds below need. */
function keyAt({ organization, projectId, environment }: Place): Promise<string> {
  const permissions = ['mcp_server:*', 'mcp_credential:*']
  const name = `${projectId} ${environment}`
  const key = keys.get(name) ?? organization.apiKey({ projectId, environment, permissions }).then(({ secret }) => secret)
  keys.set(name, key)
  return key
}

/** What that key asks in, for the place's end user. */
async function contextAt(place: Place): Promise<Context> {
  const secret = await keyAt(place)
  const { services } = place.app
  const desk = { reader: services.queryRunner, now: services.clock(), url: services.config.url, verify: () => Promise.resolve(undefined) }
  const onBehalfOf = place.externalUserId === null ? [] : [place.externalUserId]
  const actor = await authenticate(desk, { authorization: `Bearer ${secret}`, onBehalfOf })
  const origin = { requestId: newId('req', services.clock()), ipAddress: null }
  return new Context(services, origin, actor, () => Promise.resolve(actor))
}

async function exchange(place: Place): Promise<{ id: string; endUserId: string }> {
  const input = { audience: 'https://service.example', externalUserId: place.externalUserId ?? 'someone' }
  return (await exchangeApiKey(await contextAt(place), input)).accessToken
}

let servers = 0

/** No resolver knows the name (RFC 6761 §6.4). */
export const newMcpServer = (): { name: string; serverLabel: string; serverUrl: string } => ({
  name: 'Seeded',
  serverLabel: `seeded-${++servers}`,
  serverUrl: 'https://mcp.invalid/mcp',
})

const mcpServer = async (place: Place): Promise<string> => (await createMcpServer(await contextAt(place), newMcpServer())).server.id

/** With a server of its own. */
export async function mcpCredential(place: Place): Promise<{ serverId: string; credentialId: string }> {
  const serverId = await mcpServer(place)
  const input = { serverId, auth: { bearerToken: new Secret('a seeded token') } }
  return { serverId, credentialId: (await createMcpCredential(await contextAt(place), input)).credential.id }
}

let calls = 0

/** A tool call that waits; what made it is the key of the place. */
async function mcpToolApproval(place: Place): Promise<string> {
  const { server } = await createMcpServer(await contextAt(place), newMcpServer())
  const credential = Object.assign(new McpCredential(), { id: 'none' })
  const params = { name: 'echo', arguments: { call: ++calls } }
  const waiting = await approveToolCall(await contextAt(place), { server, tool: 'echo', params, headers: {}, credential })
  return waiting!.approvalId
}

let addresses = 0

export async function invitation({ app, organization }: Place): Promise<{ id: string; text: string }> {
  const admin = await organization.member('ADMIN')
  const email = `invited-${++addresses}@example.com`
  const answer = await app.mutate(admin.token, 'inviteMember', { email, role: 'READER' }, 'invitationToken invitation { id }')
  return { id: answer.invitation.id, text: answer.invitationToken }
}

/** By the prefix of the id. A new kind of node, or of anything that an argument names by id, gets a row here. */
export const idKinds = {
  org: { confinedTo: 'organization', at: ({ organization }) => organization.id },
  prj: { confinedTo: 'project', at: ({ projectId }) => projectId },
  usr: { confinedTo: 'organization', at: async ({ organization }) => (await organization.member('READER')).userId },
  mem: { confinedTo: 'organization', at: async ({ organization }) => (await organization.member('READER')).memberId },
  inv: { confinedTo: 'organization', at: async (place) => (await invitation(place)).id },
  pt: {
    confinedTo: 'organization',
    // Within the reach of any token of its user that is reduced to `agent:read`.
    at: async ({ organization, userId }) =>
      (await organization.personalToken(userId ?? (await organization.member('READER')).userId, 'EPHEMERAL', ['agent:read'], 60_000)).id,
  },
  key: {
    confinedTo: 'environment',
    at: async ({ organization, projectId, environment }) => (await organization.apiKey({ projectId, environment })).id,
  },
  at: { confinedTo: 'environment', at: async (place) => (await exchange(place)).id },
  evt: {
    confinedTo: 'environment',
    at: async ({ app, organization, projectId, environment }) => {
      const { id } = await organization.apiKey({ projectId, environment })
      const { em } = systemContext(app.services, organization.id)
      return (await em.findOneOrFail(AuditEvent, { subjectId: id, action: 'api_key:create' })).id
    },
  },
  eu: { confinedTo: 'environment', at: async (place) => (await exchange(place)).endUserId },
  mcp_srv: { confinedTo: 'endUser', isShared: true, at: mcpServer },
  mcp_apr: { confinedTo: 'endUser', at: mcpToolApproval },
  mcp_cred: { confinedTo: 'endUser', at: async (place) => (await mcpCredential(place)).credentialId },
} satisfies Record<string, IdKind>

export type IdKindName = keyof typeof idKinds

export const idAt = (kind: IdKindName, place: Place): Promise<string> => Promise.resolve(idKinds[kind].at(place))
