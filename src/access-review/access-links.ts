/** Link of an access chain: one check of the request path, with the rule that passes or refuses it. */
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

export interface AccessLink {
  readonly kind: AccessLinkKind
  readonly allowed: boolean
  /** Names only what the caller of the explanation can read; never a secret. */
  readonly rule: string
}

export const passed = (kind: AccessLinkKind, rule: string): AccessLink => ({ kind, allowed: true, rule })
export const refused = (kind: AccessLinkKind, rule: string): AccessLink => ({ kind, allowed: false, rule })
