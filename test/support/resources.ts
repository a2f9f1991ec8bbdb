/** Creates a resource of every id kind in any scope, so that the operation tables can name existing resources. */
import { exchangeApiKey } from '../../src/access-tokens/exchange-api-key.js'
import { authenticate } from '../../src/access/authenticate.js'
import { Context, systemContext } from '../../src/context/context.js'
import { AuditEvent } from '../../src/entities/audit-event.js'
import type { Environment } from '../../src/entities/enums.js'
import { McpCredential } from '../../src/entities/mcp-credential.js'
import { OAuthConfiguration } from '../../src/entities/oauth-configuration.js'
import { OAuthGrant } from '../../src/entities/oauth-grant.js'
import { deriveEndUserId } from '../../src/lib/external-id.js'
import { newId } from '../../src/lib/id.js'
import { Secret } from '../../src/lib/secret.js'
import { approveToolCall } from '../../src/mcp/approvals/approve-tool-call.js'
import { createMcpCredential } from '../../src/mcp/credentials/create-mcp-credential.js'
import { createMcpOAuthClient } from '../../src/mcp/oauth-clients/create-mcp-oauth-client.js'
import { createMcpServer } from '../../src/mcp/servers/create-mcp-server.js'
import { toSignInColumns } from '../../src/oauth/configurations/configuration-input.js'
import { newSignInRequest, signRequest } from '../../src/oauth/sign-in/sign-in-request.js'
import type { TestApp } from './app.js'
import type { SeededOrganization } from './seed.js'

/** The scope of a resource or of a caller: organization, project, environment and end user. */
export interface ResourceScope {
  readonly app: TestApp
  readonly organization: SeededOrganization
  readonly projectId: string
  readonly environment: Environment
  /** External id of the end user; null for the backend itself. */
  readonly externalUserId: string | null
  /** The caller if it is a user; personal tokens are then created for that user. */
  readonly userId?: string
}

/** Levels of confinement from wide to narrow; each one implies all before it. */
export const dimensions = ['organization', 'project', 'environment', 'endUser'] as const
export type Dimension = (typeof dimensions)[number]

export interface IdKind {
  /** The narrowest level that the resource belongs to. */
  readonly confinedTo: Dimension
  /** End users also see the backend's own resources of this kind. */
  readonly isShared?: true
  /** The backend also sees the resources of its end users. */
  readonly isOverseen?: true
  /** The id of a resource in that scope, created if needed. */
  readonly createIn: (scope: ResourceScope) => Promise<string> | string
}

const keys = new Map<string, Promise<string>>()

/** The secret of one key per project and environment, with the permissions that the kinds below need. */
function keyIn({ organization, projectId, environment }: ResourceScope): Promise<string> {
  const permissions = ['mcp_server:*', 'mcp_credential:*', 'mcp_oauth_client:*']
  const name = `${projectId} ${environment}`
  const key = keys.get(name) ?? organization.apiKey({ projectId, environment, permissions }).then(({ secret }) => secret)
  keys.set(name, key)
  return key
}

/** A request context of that key, on behalf of the scope's end user. */
async function contextIn(scope: ResourceScope): Promise<Context> {
  const secret = await keyIn(scope)
  const { services } = scope.app
  const dependencies = {
    queryRunner: services.queryRunner,
    now: services.clock(),
    urls: [services.config.url],
    verify: () => Promise.resolve(undefined),
  }
  const onBehalfOf = scope.externalUserId === null ? [] : [scope.externalUserId]
  const actor = await authenticate(dependencies, {
    authorization: `Bearer ${secret}`,
    onBehalfOf,
    sessionKeys: [],
    address: null,
    serverId: null,
  })
  const origin = { requestId: newId('req', services.clock()), ipAddress: null }
  return new Context(services, origin, actor, () => Promise.resolve(actor))
}

async function exchange(scope: ResourceScope): Promise<{ id: string; endUserId: string }> {
  const input = { audience: 'https://service.example', externalUserId: scope.externalUserId ?? 'someone' }
  return (await exchangeApiKey(await contextIn(scope), input)).accessToken
}

let servers = 0

/** Input for createMcpServer; its host never resolves (`.invalid`, RFC 6761 §6.4). */
export const newMcpServer = (): { name: string; serverLabel: string; serverUrl: string } => ({
  name: 'Seeded',
  serverLabel: `seeded-${++servers}`,
  serverUrl: 'https://mcp.invalid/mcp',
})

const mcpServer = async (scope: ResourceScope): Promise<string> => (await createMcpServer(await contextIn(scope), newMcpServer())).server.id

/** Creates a credential together with its own server. */
export async function mcpCredential(scope: ResourceScope): Promise<{ serverId: string; credentialId: string }> {
  const serverId = await mcpServer(scope)
  const input = { serverId, auth: { bearerToken: new Secret('a seeded token') } }
  return { serverId, credentialId: (await createMcpCredential(await contextIn(scope), input)).credential.id }
}

let clients = 0

/** Stores an OAuth client, of an issuer whose host never resolves. It belongs to the backend. */
async function mcpOAuthClient(scope: ResourceScope): Promise<string> {
  const input = { issuer: `https://as-${++clients}.invalid`, clientId: 'keyhouse' }
  return (await createMcpOAuthClient(await contextIn({ ...scope, externalUserId: null }), input)).client.id
}

let calls = 0

/** Creates a pending tool call approval, requested by the scope's key. */
async function mcpToolApproval(scope: ResourceScope): Promise<string> {
  const { server } = await createMcpServer(await contextIn(scope), newMcpServer())
  const credential = Object.assign(new McpCredential(), { id: 'none' })
  const params = { name: 'echo', arguments: { call: ++calls } }
  const pending = await approveToolCall(await contextIn(scope), { server, tool: 'echo', params, headers: {}, credential })
  return pending!.approvalId
}

/** Inserts a grant of the scope's end user, or of another one for the backend, which sees the grants of all. */
export async function oauthGrant({ app, organization, projectId, environment, externalUserId }: ResourceScope): Promise<string> {
  const createdAt = app.clock.now()
  const { em, id: organizationId } = organization
  const grant = Object.assign(new OAuthGrant(), {
    id: newId('grant', createdAt),
    organizationId,
    projectId,
    environment,
    endUserId: deriveEndUserId(organizationId, projectId, environment, externalUserId ?? 'someone'),
    serverId: newId('mcp_srv', createdAt),
    apiKeyId: (await organization.apiKey({ projectId, environment })).id,
    clientId: 'https://client.example/metadata.json',
    clientName: 'Client',
    clientHost: 'client.example',
    redirectHost: 'localhost',
    permissions: ['mcp_server:use', 'mcp_tool:*'],
    createdAt,
    revokedAt: null,
  })
  await em.persist(grant).flush()
  return grant.id
}

let addresses = 0

export async function invitation({ app, organization }: ResourceScope): Promise<{ id: string; text: string }> {
  const admin = await organization.member('ADMIN')
  const email = `invited-${++addresses}@example.com`
  const answer = await app.mutate(admin.token, 'inviteMember', { email, role: 'READER' }, 'invitationToken invitation { id }')
  return { id: answer.invitation.id, text: answer.invitationToken }
}

/** The configuration of the place, with a key that holds nothing. */
async function oauthConfiguration({ app, organization, projectId, environment }: ResourceScope): Promise<OAuthConfiguration> {
  const { em } = systemContext(app.services, organization.id)
  const existing = await em.findOne(OAuthConfiguration, { projectId, environment })
  if (existing) return existing
  const now = app.clock.now()
  const configuration = Object.assign(new OAuthConfiguration(), {
    id: newId('oauth_cfg', now),
    organizationId: organization.id,
    projectId,
    environment,
    apiKeyId: (await organization.apiKey({ projectId, environment })).id,
    ...toSignInColumns({ apiKeyId: '', signIn: { product: { signInUrl: 'https://product.example/sign-in' } } }),
    sealedOidcClientSecret: null,
    allowsRegistration: true,
    clientHosts: null,
    redirectSchemes: [],
    createdAt: now,
    updatedAt: now,
  })
  await em.persist(configuration).flush()
  return configuration
}

/** A sign-in request of the place, as a browser brings it to the product. */
export async function signInRequest(scope: ResourceScope): Promise<string> {
  const { services, clock } = scope.app
  const request = newSignInRequest(await oauthConfiguration(scope), 'a browser', '/oauth/sign-out', clock.now())
  return signRequest(services.deploymentSecrets, request)
}

/** Id kinds by prefix. Every new kind of node, and every kind that an argument names by id, needs a row here. */
export const idKinds = {
  org: { confinedTo: 'organization', createIn: ({ organization }) => organization.id },
  prj: { confinedTo: 'project', createIn: ({ projectId }) => projectId },
  usr: { confinedTo: 'organization', createIn: async ({ organization }) => (await organization.member('READER')).userId },
  mem: { confinedTo: 'organization', createIn: async ({ organization }) => (await organization.member('READER')).memberId },
  inv: { confinedTo: 'organization', createIn: async (scope) => (await invitation(scope)).id },
  pt: {
    confinedTo: 'organization',
    // Visible to any RESTRICTED token of its user with `agent:read`.
    createIn: async ({ organization, userId }) =>
      (await organization.personalToken(userId ?? (await organization.member('READER')).userId, 'EPHEMERAL', ['agent:read'], 60_000)).id,
  },
  key: {
    confinedTo: 'environment',
    createIn: async ({ organization, projectId, environment }) => (await organization.apiKey({ projectId, environment })).id,
  },
  at: { confinedTo: 'environment', createIn: async (scope) => (await exchange(scope)).id },
  evt: {
    confinedTo: 'environment',
    createIn: async ({ organization, projectId, environment }) => {
      const { id } = await organization.apiKey({ projectId, environment })
      return (await organization.em.findOneOrFail(AuditEvent, { subjectId: id, action: 'api_key:create' })).id
    },
  },
  eu: { confinedTo: 'environment', createIn: async (scope) => (await exchange(scope)).endUserId },
  grant: { confinedTo: 'endUser', isOverseen: true, createIn: oauthGrant },
  oauth_cfg: { confinedTo: 'environment', createIn: async (scope) => (await oauthConfiguration(scope)).id },
  mcp_srv: { confinedTo: 'endUser', isShared: true, createIn: mcpServer },
  mcp_cli: { confinedTo: 'environment', createIn: mcpOAuthClient },
  mcp_apr: { confinedTo: 'endUser', createIn: mcpToolApproval },
  mcp_cred: { confinedTo: 'endUser', createIn: async (scope) => (await mcpCredential(scope)).credentialId },
} satisfies Record<string, IdKind>

export type IdKindName = keyof typeof idKinds

export const createIdIn = (kind: IdKindName, scope: ResourceScope): Promise<string> => Promise.resolve(idKinds[kind].createIn(scope))
