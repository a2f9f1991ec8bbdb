/** The enumerations that rows and the API share. */
import { registerEnumType } from 'type-graphql'

const enumeration = <T extends string>(name: string, description: string, values: Record<T, string>): { readonly [K in T]: K } => {
  const keys = Object.fromEntries(Object.keys(values).map((key) => [key, key])) as { readonly [K in T]: K }
  const valuesConfig = Object.fromEntries(Object.entries<string>(values).map(([key, text]) => [key, { description: text }]))
  registerEnumType(keys, { name, description, valuesConfig: valuesConfig as Record<T, { description: string }> })
  return keys
}

export const Environment = enumeration('Environment', 'Where a key works. What one environment holds does not exist in the other.', {
  SANDBOX: 'For trying things out; wiped by `resetSandbox`.',
  PRODUCTION: 'For the real thing.',
})
export type Environment = keyof typeof Environment

export const MemberRole = enumeration('MemberRole', 'What a member may do; `permissionDefinitions` lists it in full.', {
  ADMIN: 'Everything, in every project.',
  MEMBER: 'Day-to-day work in the projects that the member has; neither people nor the audit trail.',
  READER: 'Reads what a MEMBER may read, and changes nothing.',
})
export type MemberRole = keyof typeof MemberRole

export const CredentialStatus = enumeration('CredentialStatus', 'Whether a credential works at this moment.', {
  ACTIVE: 'It works.',
  EXPIRED: 'Its time has run out.',
  REVOKED: 'It was withdrawn, which is final.',
})
export type CredentialStatus = keyof typeof CredentialStatus

export const RateLimitWindow = enumeration('RateLimitWindow', 'The length of a fixed window, which starts with its first request.', {
  SECOND: 'One second.',
  MINUTE: '60 seconds.',
  HOUR: '3,600 seconds.',
  DAY: '86,400 seconds.',
})
export type RateLimitWindow = keyof typeof RateLimitWindow

export const PersonalTokenType = enumeration('PersonalTokenType', 'How much of its user a personal token carries, and for how long.', {
  LOGIN: 'From signing in or accepting an invitation: all that the user may do, for 12 hours.',
  FULL_ACCESS: 'All that the user may do, for at most 365 days.',
  RESTRICTED: 'Only the permissions named, for at most 365 days.',
  EPHEMERAL: 'Only the permissions named, for at most 24 hours.',
})
export type PersonalTokenType = keyof typeof PersonalTokenType

export const SigningKeyState = enumeration('SigningKeyState', 'Where a signing key stands in its life.', {
  NEXT: 'Published already, and signs after the next rotation.',
  CURRENT: 'Signs new tokens.',
  PREVIOUS: 'Signs no more, and still verifies what it signed.',
  RETIRED: 'Withdrawn: what it signed is no longer trusted.',
})
export type SigningKeyState = keyof typeof SigningKeyState

export const AuditOutcome = enumeration('AuditOutcome', 'Whether the attempt went through.', {
  ALLOWED: 'It was carried out.',
  DENIED: 'It was refused, and nothing changed.',
})
export type AuditOutcome = keyof typeof AuditOutcome

export const UsageInterval = enumeration(
  'UsageInterval',
  'How long the intervals are that usage is counted in; each begins on the full one, in UTC.',
  {
    MINUTE: '60 seconds; kept for 7 days.',
    HOUR: '3,600 seconds; kept for 90 days.',
    DAY: 'From midnight to midnight; kept for good.',
  },
)
export type UsageInterval = keyof typeof UsageInterval
export const McpApprovalPolicy = enumeration('McpApprovalPolicy', 'Whether a person has to approve the tool calls of a server.', {
  ALWAYS: 'Each call waits for a person.',
  NEVER: 'Calls pass without being asked about.',
})
export type McpApprovalPolicy = keyof typeof McpApprovalPolicy

export const McpAuthType = enumeration('McpAuthType', 'How a credential is presented to the server.', {
  BEARER: 'As `Authorization: Bearer <token>` (RFC 6750).',
  AUTHORIZATION: 'As a complete `Authorization` value, scheme included.',
  HEADERS: 'As headers of its own.',
  NONE: 'Not at all: the server asks for none.',
})
export type McpAuthType = keyof typeof McpAuthType

export const McpToolApprovalStatus = enumeration('McpToolApprovalStatus', 'Where a tool call that needs a person stands.', {
  PENDING: 'Nobody has decided yet.',
  APPROVED: 'The same call passes once.',
  DENIED: 'The same call is refused for ten minutes.',
  USED: 'The call was let through.',
  EXPIRED: 'Nobody decided in time, or nobody called again in time.',
})
export type McpToolApprovalStatus = keyof typeof McpToolApprovalStatus
