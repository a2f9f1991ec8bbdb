/** Access chains: the credential and operation that are explained, and the checks with the rule that passes or refuses each. */
export const accessLinkKinds = [
  'MEMBER',
  'API_KEY',
  'ACCESS_TOKEN',
  'OAUTH_GRANT',
  'OAUTH_CLIENT',
  'AUDIENCE',
  'END_USER',
  'GATEWAY',
  'PERMISSION',
  'MCP_SERVER',
  'TOOL',
  'MCP_CREDENTIAL',
  'APPROVAL',
] as const
export type AccessLinkKind = (typeof accessLinkKinds)[number]

/** Credential and operation to explain. */
export interface ExplainAccessArgs {
  /** API key, access token, OAuth grant or member. */
  readonly subjectId: string
  readonly externalUserId?: string | null | undefined
  readonly permission?: string | null | undefined
  readonly serverId?: string | null | undefined
  readonly tool?: string | null | undefined
}

export interface AccessLink {
  readonly kind: AccessLinkKind
  readonly allowed: boolean
  /** Names only what the caller of the explanation can read; never a secret. */
  readonly rule: string
}

export const passed = (kind: AccessLinkKind, rule: string): AccessLink => ({ kind, allowed: true, rule })
export const refused = (kind: AccessLinkKind, rule: string): AccessLink => ({ kind, allowed: false, rule })
