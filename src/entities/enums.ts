/** Enums shared by database rows and the GraphQL API. */
import { registerEnumType } from 'type-graphql'

import { windowLengthsMs } from '../lib/fixed-window.js'
import { formatNumber } from './format-number.js'

/** Registers a GraphQL enum whose values equal their names. */
const defineEnum = <T extends string>(name: string, description: string, values: Record<T, string>): { readonly [K in T]: K } => {
  const keys = Object.fromEntries(Object.keys(values).map((key) => [key, key])) as { readonly [K in T]: K }
  const valuesConfig = Object.fromEntries(Object.entries<string>(values).map(([key, text]) => [key, { description: text }]))
  registerEnumType(keys, { name, description, valuesConfig: valuesConfig as Record<T, { description: string }> })
  return keys
}

const lengthInSeconds = (window: keyof typeof windowLengthsMs): string => formatNumber(windowLengthsMs[window] / 1000)

export const Environment = defineEnum(
  'Environment',
  'Environment of a project. Data of one environment is invisible to credentials of the other; members see both.',
  {
    SANDBOX: 'Test data. `resetSandbox` deletes its MCP servers, approvals and end users, and revokes its credentials and access tokens.',
    PRODUCTION: 'Production data. `resetSandbox` does not affect it.',
  },
)
export type Environment = keyof typeof Environment

export const MemberRole = defineEnum(
  'MemberRole',
  'Role of a member: a fixed set of permissions. `permissionDefinitions` lists the roles that hold each permission.',
  {
    ADMIN: 'Holds `*`: every permission, in every project.',
    MEMBER:
      'Holds every permission within the assigned projects, except to manage people, projects and personal tokens of others, and to read signing keys and audit events.',
    READER: 'Holds the read permissions of MEMBER. Changes nothing.',
  },
)
export type MemberRole = keyof typeof MemberRole

export const CredentialStatus = defineEnum('CredentialStatus', 'Status of a credential at the time of the response.', {
  ACTIVE: 'Neither expired, suspended nor revoked: the credential is accepted.',
  SUSPENDED: 'The API key is suspended. It and its access tokens are refused until `resumeApiKey`. Other credentials are never suspended.',
  EXPIRED: '`expiresAt` has passed. The credential is refused.',
  REVOKED: 'Revoked before it expired, by itself or with the credential that it came from. Final.',
})
export type CredentialStatus = keyof typeof CredentialStatus

export const ApiKeyEndUserMode = defineEnum('ApiKeyEndUserMode', 'Rule that selects the end users that an API key may act for.', {
  ANYONE: 'Every end user.',
  NOBODY: 'No end user: the key can be exchanged for itself alone.',
  LISTED: 'The end users in `externalIds`, compared byte for byte.',
  PREFIX: 'End users whose external id begins with `prefix`, compared byte for byte.',
})
export type ApiKeyEndUserMode = keyof typeof ApiKeyEndUserMode

export const RateLimitWindow = defineEnum(
  'RateLimitWindow',
  'Length of a fixed rate limit window. The window starts with its first request.',
  {
    SECOND: `Window of ${lengthInSeconds('SECOND')} second.`,
    MINUTE: `Window of ${lengthInSeconds('MINUTE')} seconds.`,
    HOUR: `Window of ${lengthInSeconds('HOUR')} seconds.`,
    DAY: `Window of ${lengthInSeconds('DAY')} seconds.`,
  },
)
export type RateLimitWindow = keyof typeof RateLimitWindow

export const PersonalTokenType = defineEnum('PersonalTokenType', 'Type of a personal token: sets its permissions and maximum lifetime.', {
  LOGIN: 'Issued by `signIn` and `acceptInvitation`. Holds every permission of the user for 12 hours.',
  FULL_ACCESS: 'Holds every permission of the user for at most 365 days.',
  RESTRICTED: 'Holds only the permissions named at creation, for at most 365 days.',
  EPHEMERAL: 'Holds only the permissions named at creation, for at most 24 hours.',
})
export type PersonalTokenType = keyof typeof PersonalTokenType

export const SigningKeyState = defineEnum(
  'SigningKeyState',
  'State of a signing key. Rotation moves a key from NEXT to CURRENT to PREVIOUS; retirement moves it to RETIRED.',
  {
    NEXT: 'Published in the JWKS. Becomes CURRENT at the next rotation.',
    CURRENT: 'Signs new tokens. Exactly one key is CURRENT.',
    PREVIOUS: 'Replaced by a rotation. Signs no tokens, but stays in the JWKS to verify unexpired ones.',
    RETIRED: 'Removed from the JWKS, after its last token expired or by `keyhouse signing-key retire`. Its tokens are refused.',
  },
)
export type SigningKeyState = keyof typeof SigningKeyState

export const AuditOutcome = defineEnum('AuditOutcome', 'Outcome of an audited action.', {
  ALLOWED: 'The action was performed. For a tool call, `details.outcome` has the result.',
  DENIED: 'The action was refused and changed nothing. `details.code` has the error code.',
})
export type AuditOutcome = keyof typeof AuditOutcome

export const UsageInterval = defineEnum(
  'UsageInterval',
  'Length of the intervals that usage is counted in. Intervals are aligned to full minutes, hours and days in UTC.',
  {
    MINUTE: `Interval of ${lengthInSeconds('MINUTE')} seconds. Rows are kept for 7 days.`,
    HOUR: `Interval of ${lengthInSeconds('HOUR')} seconds. Rows are kept for 90 days.`,
    DAY: 'Interval from midnight to midnight UTC. Rows are never deleted.',
    TOTAL:
      'One interval for the whole time range. It sums full hours if the range starts within the last 90 days and has at most 60 days. Otherwise it sums full days.',
  },
)
export type UsageInterval = keyof typeof UsageInterval
/** Intervals that are stored. */
export type StoredInterval = Exclude<UsageInterval, 'TOTAL'>

export const McpApprovalPolicy = defineEnum('McpApprovalPolicy', 'Approval policy for the tool calls of an MCP server.', {
  ALWAYS: 'The gateway refuses each tool call until `decideMcpToolCall` approves it. An approval passes one call.',
  NEVER: 'The gateway forwards tool calls without approval.',
})
export type McpApprovalPolicy = keyof typeof McpApprovalPolicy

export const McpAuthType = defineEnum(
  'McpAuthType',
  'Authentication type of an MCP credential: the form in which it is sent to the server.',
  {
    BEARER: 'Sent as `Authorization: Bearer <token>` (RFC 6750).',
    AUTHORIZATION: 'Sent as a complete `Authorization` header value, scheme included.',
    HEADERS: 'Sent as one or more custom HTTP headers.',
    OAUTH:
      'Sent as `Authorization: Bearer <access token>`, which Keyhouse renews. Stored by connecting an account, see `startMcpConnection`.',
    NONE: 'Nothing is sent: the server needs no authentication.',
  },
)
export type McpAuthType = keyof typeof McpAuthType

export const McpCredentialHealthStatus = defineEnum(
  'McpCredentialHealthStatus',
  'Health of an MCP credential, by the response when it was last sent. Clients must accept further values.',
  {
    UNKNOWN: 'Not sent since it was stored or replaced, or answered only with other errors.',
    OK: 'The server accepted it: the HTTP status was a success.',
    FAILING: 'The server refused it: the HTTP status was `401` or `403`.',
    RECONNECT_REQUIRED:
      'The authorization server of an OAUTH credential no longer renews it. It is not sent. Connect the account again with `startMcpConnection`.',
  },
)
export type McpCredentialHealthStatus = keyof typeof McpCredentialHealthStatus

export const McpOAuthClientKind = defineEnum(
  'McpOAuthClientKind',
  'Kind of an OAuth client: the way in which an authorization server knows Keyhouse.',
  {
    STATIC: 'Registered by a person at the authorization server, and stored with `createMcpOAuthClient`. Preferred where it exists.',
    CIMD: 'Known by the URL of its Client ID Metadata Document, which this server publishes.',
    DCR: 'Registered by Keyhouse at the authorization server (RFC 7591).',
  },
)
export type McpOAuthClientKind = keyof typeof McpOAuthClientKind

export const McpToolApprovalStatus = defineEnum('McpToolApprovalStatus', 'Status of a tool call approval at the time of the response.', {
  PENDING: 'Created by the tool call and not decided yet.',
  APPROVED: 'Approved with `decideMcpToolCall`. The same call passes once before `expiresAt`.',
  DENIED: 'Denied with `decideMcpToolCall`. The same call is refused until `expiresAt`, 10 minutes after the decision.',
  USED: 'Consumed by the approved call, even if the server failed afterwards.',
  EXPIRED: 'Not decided or not used before `expiresAt`, or closed because the server was deleted or its URL changed.',
})
export type McpToolApprovalStatus = keyof typeof McpToolApprovalStatus

export const EndUserSignInMethod = defineEnum('EndUserSignInMethod', 'Method by which end users sign in to authorize an OAuth client.', {
  OIDC: 'An OpenID provider of your product signs them in (OpenID Connect).',
  PRODUCT: 'Your product signs them in at `signInUrl`, and confirms it with `approveSignIn`.',
})
export type EndUserSignInMethod = keyof typeof EndUserSignInMethod
