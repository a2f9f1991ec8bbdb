/**
 * Test table with one row for every field of Query and Mutation, used by matrix.test.ts and matrix-ids.test.ts.
 *
 * A new operation needs
 *  1. a row here. `document` selects nested fields. `variables` are valid for a caller in the given scope and are created
 *     for each call, so a call may consume them. `permission` is as in access/actions.ts. The expected outcome for each
 *     kind of caller follows from these; the other fields of `Operation` describe exceptions;
 *  2. in `ids` the path of every argument and input field of type ID, with its id kind;
 *  3. for a new id kind a row in `idKinds` (ids.ts) with its confinement.
 * The tests fail while one of these is missing.
 */
import { randomUUID } from 'node:crypto'

import { actions } from '../../src/access/actions.js'
import type { KeyhousePermission } from '../../src/access/permission-definitions.js'
import { sha256 } from '../../src/lib/crypto/digest.js'
import { createIdIn, invitation, mcpCredential, newMcpServer, signInRequest, type IdKindName, type ResourceScope } from './resources.js'

/** The kinds of caller that reach execution. Callers refused earlier are refused alike for every operation. */
export type CallerName =
  | 'anonymous'
  | 'sandbox key with nothing'
  | 'sandbox key with *'
  | 'sandbox key with exactly the permission'
  | 'production key with *'
  | 'key with * for an end user'
  | 'access token with *'
  | 'ADMIN'
  | 'MEMBER'
  | 'READER'
  | 'reduced token with exactly the permission'
  | 'reduced token without it'

/** `OK`, `NULL` (no error, but the field is null), or the error code. */
export type Outcome =
  | 'OK'
  | 'NULL'
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'INVALID'
  | 'PERMISSION_NOT_HELD'
  | 'PRODUCTION_NOT_SUPPORTED'
  | 'OAUTH_NOT_CONFIGURED'

export interface Operation {
  readonly document: string
  readonly variables: (here: ResourceScope) => object | Promise<object>
  /** Required permission; null if any authenticated caller is allowed. */
  readonly permission: KeyhousePermission | null
  /** Omitted: any credential. `anyone`: also without a credential. */
  readonly callers?: 'anyone' | 'keys' | 'people'
  /** Only if `permission` is null; otherwise the action catalogue decides whether end users are allowed. */
  readonly isForEndUsers?: true
  /** Outcome for a caller without the permission; omitted: FORBIDDEN. */
  readonly withoutPermission?: 'NULL'
  /** An API key also sees data of its end users, since audit events and usage belong to its project and environment. */
  readonly isAcrossEndUsers?: true
  /** Production callers get PRODUCTION_NOT_SUPPORTED. */
  readonly isSandboxOnly?: true
  /** Path of every ID argument → its id kind; `any`: every kind of node. */
  readonly ids?: Readonly<Record<string, IdKindName | 'any'>>
  /** Outcomes that differ from what the other fields imply; each needs a comment with the reason. */
  readonly except?: Readonly<Partial<Record<CallerName, Outcome>>>
}

const apiKey = `id label environment preview permissions status createdAt expiresAt rateLimits { window max } allowedAudiences
  endUsers { mode externalIds prefix } allowedIps metadata
  project { id slug } createdBy { __typename ... on ApiKey { id } ... on User { id } } revokedBy { __typename }`
const member = 'id role joinedAt permissions user { id email name createdAt } projects { id slug }'
const invited = 'id email role createdAt expiresAt acceptedAt revokedAt projects { id } invitedBy { id email }'
const personalToken = `id type description permissions effectivePermissions status issuedAt expiresAt lastUsedOn visibleUntil revokedAt
  user { id email } revokedBy { __typename }`
const mcpServer = `id name serverLabel serverUrl serverDescription allowedTools requireApproval sharedCredentialId oauth { issuer scopes omitsResource authorizationParameters { name value } } metadata environment createdAt
  updatedAt project { id } endUser { id externalId }`
const mcpCredentialFields = `id version name authType authorizationPreview headerNames oauthIssuer oauthScopes neededScopes accessExpiresAt status expiresAt lastUsedAt createdAt updatedAt
  health { status changedAt lastStatus }
  revokedAt server { id } endUser { id externalId }`
const mcpOAuthClient = 'id issuer kind clientId redirectUri environment createdAt project { id }'
const mcpToolApproval = `id tool arguments status requestedAt expiresAt decidedAt reason server { id } endUser { externalId }
  requestedBy { id } decidedBy { __typename }`
const oauthConfiguration = `id environment signInMethod signInUrl oidcIssuer oidcClientId hasClientSecret oidcScopes oidcExternalIdClaim redirectUri
  allowsRegistration clientHosts redirectSchemes createdAt updatedAt project { id } apiKey { id }`
const userErrors = 'userErrors { code message path }'
const page = 'pageInfo { hasNextPage hasPreviousPage startCursor endCursor }'
const oauthGrant = `id environment clientId clientName clientHost redirectHost permissions status createdAt revokedAt
  endUser { id externalId } server { id } apiKey { id }`
const none = (): object => ({})

let slugs = 0

/** A key that expires before a RESTRICTED token, which may therefore rotate it. */
const shortLivedKey = async ({ app, organization, projectId, environment }: ResourceScope): Promise<string> => {
  const expiresAt = new Date(app.clock.now().getTime() + 3_600_000)
  return (await organization.apiKey({ projectId, environment, expiresAt })).id
}

const accessToken = 'id audience environment permissions status issuedAt expiresAt revokedAt apiKey { id } endUser { id externalId }'

export const queries: Readonly<Record<string, Operation>> = {
  accessTokens: {
    document: `query ($filter: AccessTokenFilter) { accessTokens(first: 5, filter: $filter) { totalCount edges { cursor node { ${accessToken} } } ${page} } }`,
    variables: ({ environment }) => ({ filter: { environment } }),
    permission: 'access_token:read',
    ids: { 'filter.projectId': 'prj', 'filter.apiKeyId': 'key' },
  },
  signingKeys: {
    document: '{ signingKeys { id kid algorithm state createdAt activatedAt supersededAt retiredAt } }',
    variables: none,
    permission: 'signing_key:read',
  },
  apiKey: {
    document: `query ($id: ID!) { apiKey(id: $id) { ${apiKey} } }`,
    variables: async (here) => ({ id: await createIdIn('key', here) }),
    permission: 'api_key:read',
    ids: { id: 'key' },
  },
  apiKeys: {
    document: `query ($filter: ApiKeyFilter) { apiKeys(first: 5, filter: $filter) { totalCount edges { cursor node { ${apiKey} } } ${page} } }`,
    variables: ({ environment }) => ({ filter: { environment } }),
    permission: 'api_key:read',
    ids: { 'filter.projectId': 'prj' },
  },
  auditActions: { document: '{ auditActions { action title } }', variables: none, permission: null, callers: 'anyone' },
  auditEvents: {
    document: `query ($filter: AuditEventFilter) { auditEvents(first: 5, filter: $filter) { edges { cursor node { id action outcome actorId subjectId
      endUserId details requestId ipAddress at actor { __typename } endUser { id externalId } } } ${page} } }`,
    variables: ({ environment }) => ({ filter: { environment } }),
    permission: 'audit_event:read',
    isAcrossEndUsers: true,
    ids: { 'filter.projectId': 'prj', 'filter.actorId': 'any', 'filter.subjectId': 'any' },
  },
  endUser: {
    document: `query ($externalId: String!, $environment: Environment, $projectId: ID) {
      endUser(externalId: $externalId, environment: $environment, projectId: $projectId) { id externalId environment firstSeenAt project { id } } }`,
    variables: async (here) => {
      await createIdIn('eu', here)
      return { externalId: here.externalUserId ?? 'someone', environment: here.environment }
    },
    permission: 'end_user:read',
    ids: { projectId: 'prj' },
  },
  endUsers: {
    document: `query ($filter: EndUserFilter) { endUsers(last: 5, filter: $filter) { totalCount nodes { id externalId project { slug } } ${page} } }`,
    variables: ({ environment }) => ({ filter: { environment } }),
    permission: 'end_user:read',
    ids: { 'filter.projectId': 'prj' },
  },
  explainAccess: {
    document: 'query ($input: ExplainAccessInput!) { explainAccess(input: $input) { allowed links { kind allowed rule } } }',
    variables: async (here) => ({ input: { subjectId: await createIdIn('key', here) } }),
    permission: 'api_key:read',
    ids: { 'input.subjectId': 'any', 'input.serverId': 'mcp_srv' },
  },
  invitations: {
    document: `{ invitations(first: 5) { totalCount edges { cursor node { ${invited} } } ${page} } }`,
    variables: none,
    permission: 'member:read',
  },
  members: {
    document: `{ members(last: 5) { totalCount nodes { ${member} } ${page} } }`,
    variables: none,
    permission: 'member:read',
  },
  mcpCredentials: {
    document: `query ($filter: McpCredentialFilter) {
      mcpCredentials(first: 5, filter: $filter) { totalCount edges { cursor node { ${mcpCredentialFields} } } ${page} } }`,
    variables: ({ environment }) => ({ filter: { environment } }),
    permission: 'mcp_credential:read',
    ids: { 'filter.projectId': 'prj', 'filter.serverId': 'mcp_srv' },
  },
  mcpOAuthClients: {
    document: `query ($filter: McpOAuthClientFilter) {
      mcpOAuthClients(first: 5, filter: $filter) { totalCount edges { cursor node { ${mcpOAuthClient} } } ${page} } }`,
    variables: ({ environment }) => ({ filter: { environment } }),
    permission: 'mcp_oauth_client:read',
    ids: { 'filter.projectId': 'prj' },
  },
  mcpServer: {
    document: `query ($id: ID!) { mcpServer(id: $id) { ${mcpServer} } }`,
    variables: async (here) => ({ id: await createIdIn('mcp_srv', here) }),
    permission: 'mcp_server:read',
    ids: { id: 'mcp_srv' },
  },
  mcpServers: {
    document: `query ($filter: McpServerFilter) { mcpServers(first: 5, filter: $filter) { totalCount edges { cursor node { ${mcpServer} } } ${page} } }`,
    variables: ({ environment }) => ({ filter: { environment } }),
    permission: 'mcp_server:read',
    ids: { 'filter.projectId': 'prj' },
  },
  oauthConfigurations: {
    document: `query ($filter: OAuthConfigurationFilter) {
      oauthConfigurations(first: 5, filter: $filter) { totalCount edges { cursor node { ${oauthConfiguration} } } ${page} } }`,
    variables: ({ environment }) => ({ filter: { environment } }),
    permission: 'oauth_configuration:read',
    ids: { 'filter.projectId': 'prj' },
  },
  mcpToolApprovals: {
    document: `query ($filter: McpToolApprovalFilter) {
      mcpToolApprovals(first: 5, filter: $filter) { totalCount edges { cursor node { ${mcpToolApproval} } } ${page} } }`,
    variables: ({ environment }) => ({ filter: { environment } }),
    permission: 'mcp_approval:read',
    ids: { 'filter.projectId': 'prj', 'filter.serverId': 'mcp_srv' },
  },
  node: {
    document: 'query ($id: ID!) { node(id: $id) { __typename id } }',
    variables: ({ projectId }) => ({ id: projectId }),
    permission: 'project:read',
    withoutPermission: 'NULL',
    ids: { id: 'any' },
  },
  nodes: {
    document: 'query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }',
    variables: ({ projectId }) => ({ ids: [projectId] }),
    permission: 'project:read',
    withoutPermission: 'NULL',
    ids: { ids: 'any' },
  },
  oauthGrants: {
    document: `query ($filter: OAuthGrantFilter) { oauthGrants(first: 5, filter: $filter) { totalCount edges { cursor node { ${oauthGrant} } } ${page} } }`,
    variables: ({ environment }) => ({ filter: { environment } }),
    permission: 'oauth_grant:read',
    ids: { 'filter.projectId': 'prj', 'filter.serverId': 'mcp_srv', 'filter.apiKeyId': 'key' },
  },
  organization: {
    document: '{ organization { id name createdAt issuers { environment url } } }',
    variables: none,
    permission: 'organization:read',
  },
  permissionDefinitions: {
    document: '{ permissionDefinitions { permission title description roles grantableToApiKey } }',
    variables: none,
    permission: null,
    callers: 'anyone',
  },
  organizationTokens: {
    document: `{ organizationTokens(first: 5) { totalCount nodes { ${personalToken} } ${page} } }`,
    variables: none,
    permission: 'personal_token:read',
  },
  personalToken: {
    document: `query ($id: ID!) { personalToken(id: $id) { ${personalToken} } }`,
    // Own tokens only; personal-tokens.test.ts covers those of other users.
    variables: async (here) => ({ id: await createIdIn('pt', here) }),
    permission: null,
    callers: 'people',
    ids: { id: 'pt' },
  },
  personalTokens: {
    document: `{ personalTokens(first: 5) { totalCount nodes { ${personalToken} } ${page} } }`,
    variables: none,
    permission: null,
    callers: 'people',
  },
  projects: { document: '{ projects { id name slug createdAt updatedAt } }', variables: none, permission: 'project:read' },
  usage: {
    document: `query ($from: DateTime!, $to: DateTime!, $filter: UsageFilter) { usage(from: $from, to: $to, interval: HOUR,
      groupBy: [API_KEY, END_USER, OPERATION], filter: $filter) { start requests denied operation endUserId apiKey { id } endUser { id } } }`,
    variables: ({ app, environment }) => {
      const now = app.clock.now().getTime()
      return { from: new Date(now - 3_600_000), to: new Date(now + 1), filter: { environment } }
    },
    permission: 'usage:read',
    ids: { 'filter.projectId': 'prj', 'filter.apiKeyIds': 'key' },
  },
  viewer: {
    document: `{ viewer { kind role environment permissions expiresAt issuer organization { id } project { id } user { id email } apiKey { id }
      personalToken { id effectivePermissions } endUser { id externalId project { id } } } }`,
    variables: none,
    permission: null,
    isForEndUsers: true,
  },
}

export const mutations: Readonly<Record<string, Operation>> = {
  createApiKey: {
    document: `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret apiKey { ${apiKey} } ${userErrors} } }`,
    variables: ({ environment }) => ({ input: { label: 'made', environment, permissions: [] } }),
    permission: actions['api_key:create'].permission,
    ids: { 'input.projectId': 'prj' },
  },
  importApiKeys: {
    document: `mutation ($input: ImportApiKeysInput!) {
      importApiKeys(input: $input) { results { outcome apiKey { ${apiKey} } errors { code message path } } ${userErrors} } }`,
    variables: ({ environment }) => ({
      input: { environment, keys: [{ digest: sha256(randomUUID()), label: 'imported', permissions: [] }] },
    }),
    permission: actions['api_key:import'].permission,
    ids: { 'input.projectId': 'prj' },
  },
  reportLeakedApiKey: {
    document: `mutation ($input: ReportLeakedApiKeyInput!) { reportLeakedApiKey(input: $input) { received ${userErrors} } }`,
    variables: async ({ organization, projectId, environment }) => ({
      input: { secret: (await organization.apiKey({ projectId, environment })).secret },
    }),
    permission: null,
    callers: 'anyone',
    isForEndUsers: true,
  },
  updateApiKey: {
    document: `mutation ($input: UpdateApiKeyInput!) { updateApiKey(input: $input) { apiKey { ${apiKey} } ${userErrors} } }`,
    variables: async (here) => ({ input: { id: await createIdIn('key', here), label: 'changed' } }),
    permission: actions['api_key:update'].permission,
    ids: { 'input.id': 'key' },
  },
  rotateApiKey: {
    document: `mutation ($input: RotateApiKeyInput!) { rotateApiKey(input: $input) { secret apiKey { ${apiKey} } ${userErrors} } }`,
    variables: async (here) => ({ input: { id: await shortLivedKey(here) } }),
    permission: actions['api_key:rotate'].permission,
    ids: { 'input.id': 'key' },
  },
  revokeApiKey: {
    document: `mutation ($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { apiKey { ${apiKey} } ${userErrors} } }`,
    variables: async (here) => ({ input: { id: await createIdIn('key', here), reason: 'tidying up' } }),
    permission: actions['api_key:revoke'].permission,
    ids: { 'input.id': 'key' },
  },
  suspendApiKey: {
    document: `mutation ($input: SuspendApiKeyInput!) { suspendApiKey(input: $input) { apiKey { ${apiKey} suspendedAt } ${userErrors} } }`,
    variables: async (here) => ({ input: { id: await createIdIn('key', here), reason: 'seen in a log' } }),
    permission: actions['api_key:suspend'].permission,
    ids: { 'input.id': 'key' },
  },
  resumeApiKey: {
    document: `mutation ($input: ResumeApiKeyInput!) { resumeApiKey(input: $input) { apiKey { ${apiKey} suspendedAt } ${userErrors} } }`,
    variables: async (here) => ({ input: { id: await shortLivedKey(here) } }),
    permission: actions['api_key:resume'].permission,
    ids: { 'input.id': 'key' },
  },
  verifyApiKey: {
    document: `mutation ($input: VerifyApiKeyInput!) {
      verifyApiKey(input: $input) { verdict { valid code missingPermissions retryAfterMs apiKey { ${apiKey} } } ${userErrors} } }`,
    variables: async ({ organization, projectId, environment }) => ({
      input: { secret: (await organization.apiKey({ projectId, environment })).secret },
    }),
    permission: actions['api_key:verify'].permission,
  },
  exchangeApiKey: {
    document: `mutation ($input: ExchangeApiKeyInput!) {
      exchangeApiKey(input: $input) { token accessToken { id audience environment permissions status apiKey { id } endUser { id externalId } } ${userErrors} } }`,
    variables: ({ externalUserId }) => ({ input: { audience: 'https://service.example', externalUserId: externalUserId ?? 'someone' } }),
    permission: null,
    callers: 'keys',
    isForEndUsers: true,
  },
  updateOrganization: {
    document: `mutation ($input: UpdateOrganizationInput!) { updateOrganization(input: $input) { organization { id name } ${userErrors} } }`,
    variables: () => ({ input: { name: 'changed' } }),
    permission: actions['organization:update'].permission,
  },
  updateViewer: {
    document: `mutation ($input: UpdateViewerInput!) { updateViewer(input: $input) { user { id name } ${userErrors} } }`,
    variables: () => ({ input: { name: 'changed' } }),
    permission: null,
    callers: 'people',
    // A RESTRICTED token cannot change the name that every other token of its user shows.
    except: { 'reduced token with exactly the permission': 'FORBIDDEN', 'reduced token without it': 'FORBIDDEN' },
  },
  createProject: {
    document: `mutation ($input: CreateProjectInput!) { createProject(input: $input) { project { id slug } ${userErrors} } }`,
    variables: () => ({ input: { name: 'made', slug: `made-${++slugs}` } }),
    permission: actions['project:create'].permission,
    // A RESTRICTED token cannot create a project, which would outlive it.
    except: { 'reduced token with exactly the permission': 'FORBIDDEN' },
  },
  updateProject: {
    document: `mutation ($input: UpdateProjectInput!) { updateProject(input: $input) { project { id name } ${userErrors} } }`,
    variables: ({ projectId }) => ({ input: { id: projectId, name: 'changed' } }),
    permission: actions['project:update'].permission,
    ids: { 'input.id': 'prj' },
  },
  inviteMember: {
    document: `mutation ($input: InviteMemberInput!) { inviteMember(input: $input) { invitationToken invitation { ${invited} } ${userErrors} } }`,
    variables: ({ projectId }) => ({ input: { email: `made-${++slugs}@example.com`, role: 'READER', projectIds: [projectId] } }),
    permission: actions['member:invite'].permission,
    ids: { 'input.projectIds': 'prj' },
    // A RESTRICTED token cannot create a membership, which would outlive it.
    except: { 'reduced token with exactly the permission': 'FORBIDDEN' },
  },
  revokeInvitation: {
    document: `mutation ($input: RevokeInvitationInput!) { revokeInvitation(input: $input) { invitation { ${invited} } ${userErrors} } }`,
    variables: async (here) => ({ input: { id: await createIdIn('inv', here) } }),
    permission: actions['invitation:revoke'].permission,
    ids: { 'input.id': 'inv' },
  },
  acceptInvitation: {
    document: `mutation ($input: AcceptInvitationInput!) { acceptInvitation(input: $input) { token personalToken { ${personalToken} } ${userErrors} } }`,
    variables: async (here) => ({ input: { invitationToken: (await invitation(here)).text, name: 'Grace' } }),
    permission: null,
    callers: 'anyone',
    isForEndUsers: true,
  },
  updateMember: {
    document: `mutation ($input: UpdateMemberInput!) { updateMember(input: $input) { member { ${member} } ${userErrors} } }`,
    variables: async (here) => ({ input: { id: await createIdIn('mem', here), role: 'READER', projectIds: [here.projectId] } }),
    permission: actions['member:update'].permission,
    ids: { 'input.id': 'mem', 'input.projectIds': 'prj' },
    // A RESTRICTED token cannot grant a role, which would outlive it.
    except: { 'reduced token with exactly the permission': 'FORBIDDEN' },
  },
  removeMember: {
    document: `mutation ($input: RemoveMemberInput!) { removeMember(input: $input) { removedMemberId revokedTokenCount ${userErrors} } }`,
    variables: async (here) => ({ input: { id: await createIdIn('mem', here) } }),
    permission: actions['member:remove'].permission,
    ids: { 'input.id': 'mem' },
  },
  createSignInToken: {
    document: `mutation ($input: CreateSignInTokenInput!) { createSignInToken(input: $input) { signInToken expiresAt ${userErrors} } }`,
    variables: async (here) => ({ input: { memberId: await createIdIn('mem', here) } }),
    permission: actions['sign_in_token:create'].permission,
    ids: { 'input.memberId': 'mem' },
    // A RESTRICTED token cannot create a sign-in token, which leads to a LOGIN token.
    except: { 'reduced token with exactly the permission': 'FORBIDDEN' },
  },
  createPersonalToken: {
    document: `mutation ($input: CreatePersonalTokenInput!) { createPersonalToken(input: $input) { token personalToken { ${personalToken} } ${userErrors} } }`,
    variables: () => ({ input: { type: 'EPHEMERAL', permissions: ['agent:read'] } }),
    permission: null,
    callers: 'people',
    // A READER has no application permissions.
    except: { READER: 'PERMISSION_NOT_HELD' },
  },
  revealPersonalToken: {
    document: `mutation ($input: RevealPersonalTokenInput!) { revealPersonalToken(input: $input) { token personalToken { ${personalToken} } ${userErrors} } }`,
    variables: async (here) => ({ input: { id: await createIdIn('pt', here) } }),
    permission: null,
    callers: 'people',
    ids: { 'input.id': 'pt' },
  },
  revokePersonalToken: {
    document: `mutation ($input: RevokePersonalTokenInput!) { revokePersonalToken(input: $input) { personalToken { ${personalToken} } ${userErrors} } }`,
    variables: async (here) => ({ input: { id: await createIdIn('pt', here) } }),
    permission: null,
    callers: 'people',
    ids: { 'input.id': 'pt' },
  },
  revokeAllPersonalTokens: {
    document: `mutation { revokeAllPersonalTokens { revokedCount ${userErrors} } }`,
    variables: none,
    permission: null,
    callers: 'people',
  },
  revokeOrganizationToken: {
    document: `mutation ($input: RevokePersonalTokenInput!) { revokeOrganizationToken(input: $input) { personalToken { ${personalToken} } ${userErrors} } }`,
    variables: async (here) => ({ input: { id: await createIdIn('pt', here) } }),
    permission: actions['personal_token:revoke'].permission,
    ids: { 'input.id': 'pt' },
  },
  introspectToken: {
    document: `mutation ($input: IntrospectTokenInput!) {
      introspectToken(input: $input) { introspection { active tokenId subject issuer audience permissions issuedAt expiresAt claims } ${userErrors} } }`,
    variables: async ({ organization, projectId, environment }) => ({
      input: { token: (await organization.apiKey({ projectId, environment })).secret, audience: 'https://service.example' },
    }),
    permission: actions['access_token:introspect'].permission,
  },
  revokeAccessToken: {
    document: `mutation ($input: RevokeAccessTokenInput!) { revokeAccessToken(input: $input) { accessToken { ${accessToken} } ${userErrors} } }`,
    variables: async (here) => ({ input: { id: await createIdIn('at', here) } }),
    permission: actions['access_token:revoke'].permission,
    ids: { 'input.id': 'at' },
  },
  resetSandbox: {
    document: `mutation ($input: ResetSandboxInput) { resetSandbox(input: $input) { deletedServers revokedCredentials revokedTokens ${userErrors} } }`,
    variables: none,
    permission: actions['sandbox:reset'].permission,
    isSandboxOnly: true,
    ids: { 'input.projectId': 'prj' },
  },
  signIn: {
    document: `mutation ($input: SignInInput!) { signIn(input: $input) { token personalToken { id type user { id email } } ${userErrors} } }`,
    variables: async ({ organization }) => ({ input: { signInToken: await organization.signInToken() } }),
    permission: null,
    callers: 'anyone',
    isForEndUsers: true,
  },
  forgetEndUser: {
    document: `mutation ($input: ForgetEndUserInput!) {
      forgetEndUser(input: $input) { forgottenEndUserId revokedTokens wipedCredentials deletedServers ${userErrors} } }`,
    variables: async (here) => {
      await createIdIn('eu', here)
      return { input: { externalId: here.externalUserId ?? 'someone', environment: here.environment } }
    },
    permission: actions['end_user:forget'].permission,
    ids: { 'input.projectId': 'prj' },
  },
  createMcpServer: {
    document: `mutation ($input: CreateMcpServerInput!) { createMcpServer(input: $input) { server { ${mcpServer} } ${userErrors} } }`,
    variables: ({ environment }) => ({ input: { ...newMcpServer(), environment } }),
    permission: actions['mcp_server:create'].permission,
    ids: { 'input.projectId': 'prj' },
  },
  updateMcpServer: {
    document: `mutation ($input: UpdateMcpServerInput!) { updateMcpServer(input: $input) { server { ${mcpServer} } ${userErrors} } }`,
    variables: async (here) => ({ input: { id: await createIdIn('mcp_srv', here), name: 'changed', sharedCredentialId: null } }),
    permission: actions['mcp_server:update'].permission,
    ids: { 'input.id': 'mcp_srv', 'input.sharedCredentialId': 'mcp_cred' },
  },
  deleteMcpServer: {
    document: `mutation ($input: DeleteMcpServerInput!) { deleteMcpServer(input: $input) { deletedServerId revokedCredentialCount ${userErrors} } }`,
    variables: async (here) => ({ input: { id: await createIdIn('mcp_srv', here) } }),
    permission: actions['mcp_server:delete'].permission,
    ids: { 'input.id': 'mcp_srv' },
  },
  setOAuthConfiguration: {
    document: `mutation ($input: SetOAuthConfigurationInput!) {
      setOAuthConfiguration(input: $input) { configuration { ${oauthConfiguration} } ${userErrors} } }`,
    variables: async (here) => ({
      input: { apiKeyId: await createIdIn('key', here), signIn: { product: { signInUrl: 'https://product.example/sign-in' } } },
    }),
    permission: actions['oauth_configuration:set'].permission,
    ids: { 'input.apiKeyId': 'key' },
    // The configuration outlives a RESTRICTED token.
    except: { 'reduced token with exactly the permission': 'FORBIDDEN' },
  },
  deleteOAuthConfiguration: {
    document: `mutation ($input: DeleteOAuthConfigurationInput!) {
      deleteOAuthConfiguration(input: $input) { deletedConfigurationId ${userErrors} } }`,
    variables: async (here) => ({ input: { id: await createIdIn('oauth_cfg', here) } }),
    permission: actions['oauth_configuration:delete'].permission,
    ids: { 'input.id': 'oauth_cfg' },
  },
  approveSignIn: {
    document: `mutation ($input: ApproveSignInInput!) { approveSignIn(input: $input) { url ${userErrors} } }`,
    variables: async (here) => ({ input: { request: await signInRequest(here), externalUserId: here.externalUserId ?? 'someone' } }),
    permission: actions['end_user:approve_sign_in'].permission,
    callers: 'keys',
  },
  createMcpOAuthClient: {
    document: `mutation ($input: CreateMcpOAuthClientInput!) { createMcpOAuthClient(input: $input) { client { ${mcpOAuthClient} } ${userErrors} } }`,
    variables: ({ projectId, environment }) => ({
      input: {
        projectId,
        environment,
        issuer: `https://as-${randomUUID()}.example`,
        clientId: 'keyhouse',
        clientSecret: 'a secret of the matrix',
      },
    }),
    permission: actions['mcp_oauth_client:create'].permission,
    ids: { 'input.projectId': 'prj' },
  },
  updateMcpOAuthClient: {
    document: `mutation ($input: UpdateMcpOAuthClientInput!) { updateMcpOAuthClient(input: $input) { client { id } ${userErrors} } }`,
    variables: async (here) => ({ input: { id: await createIdIn('mcp_cli', here), clientSecret: 'another secret of the matrix' } }),
    permission: actions['mcp_oauth_client:update'].permission,
    ids: { 'input.id': 'mcp_cli' },
  },
  deleteMcpOAuthClient: {
    document: `mutation ($input: DeleteMcpOAuthClientInput!) { deleteMcpOAuthClient(input: $input) { deletedClientId ${userErrors} } }`,
    variables: async (here) => ({ input: { id: await createIdIn('mcp_cli', here) } }),
    permission: actions['mcp_oauth_client:delete'].permission,
    ids: { 'input.id': 'mcp_cli' },
  },
  startMcpConnection: {
    document: `mutation ($input: StartMcpConnectionInput!) { startMcpConnection(input: $input) { url expiresAt ${userErrors} } }`,
    variables: async (here) => ({ input: { serverId: await createIdIn('mcp_srv', here) } }),
    permission: actions['mcp_connection:start'].permission,
    ids: { 'input.serverId': 'mcp_srv' },
    // The projects of the matrix have no OAuth configuration.
    except: {
      'sandbox key with *': 'OAUTH_NOT_CONFIGURED',
      'sandbox key with exactly the permission': 'OAUTH_NOT_CONFIGURED',
      'production key with *': 'OAUTH_NOT_CONFIGURED',
      'key with * for an end user': 'OAUTH_NOT_CONFIGURED',
      'access token with *': 'OAUTH_NOT_CONFIGURED',
      ADMIN: 'OAUTH_NOT_CONFIGURED',
      MEMBER: 'OAUTH_NOT_CONFIGURED',
      'reduced token with exactly the permission': 'OAUTH_NOT_CONFIGURED',
    },
  },
  createMcpCredential: {
    document: `mutation ($input: CreateMcpCredentialInput!) {
      createMcpCredential(input: $input) { credential { ${mcpCredentialFields} } ${userErrors} } }`,
    variables: async (here) => ({ input: { serverId: await createIdIn('mcp_srv', here), auth: { bearerToken: 'a token of the matrix' } } }),
    permission: actions['mcp_credential:create'].permission,
    ids: { 'input.serverId': 'mcp_srv' },
  },
  updateMcpCredential: {
    document: `mutation ($input: UpdateMcpCredentialInput!) {
      updateMcpCredential(input: $input) { credential { ${mcpCredentialFields} } ${userErrors} } }`,
    variables: async (here) => ({
      input: { id: await createIdIn('mcp_cred', here), auth: { bearerToken: 'another token of the matrix' } },
    }),
    permission: actions['mcp_credential:update'].permission,
    ids: { 'input.id': 'mcp_cred' },
  },
  revokeMcpCredential: {
    document: `mutation ($input: RevokeMcpCredentialInput!) {
      revokeMcpCredential(input: $input) { credential { ${mcpCredentialFields} } ${userErrors} } }`,
    variables: async (here) => ({ input: { id: await createIdIn('mcp_cred', here) } }),
    permission: actions['mcp_credential:revoke'].permission,
    ids: { 'input.id': 'mcp_cred' },
  },
  revokeOAuthGrant: {
    document: `mutation ($input: RevokeOAuthGrantInput!) { revokeOAuthGrant(input: $input) { grant { ${oauthGrant} } revokedTokens ${userErrors} } }`,
    variables: async (here) => ({ input: { id: await createIdIn('grant', here) } }),
    permission: actions['oauth_grant:revoke'].permission,
    ids: { 'input.id': 'grant' },
  },
  decideMcpToolCall: {
    document: `mutation ($input: DecideMcpToolCallInput!) { decideMcpToolCall(input: $input) { approval { ${mcpToolApproval} } ${userErrors} } }`,
    variables: async (here) => ({ input: { id: await createIdIn('mcp_apr', here), decision: 'DENY', reason: 'No.' } }),
    permission: actions['mcp_approval:decide'].permission,
    ids: { 'input.id': 'mcp_apr' },
  },
  testMcpServer: {
    document: `mutation ($input: TestMcpServerInput!) {
      testMcpServer(input: $input) { server { ${mcpServer} } test { connected toolCount toolNames failure { code } } ${userErrors} } }`,
    variables: async (here) => ({ input: { ...(await mcpCredential(here)), timeoutMs: 100 } }),
    permission: actions['mcp_server:test'].permission,
    ids: { 'input.serverId': 'mcp_srv', 'input.credentialId': 'mcp_cred' },
  },
}
