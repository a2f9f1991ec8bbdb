/** Verifies a JWT of this server: its signature, audience, ids, and the session key that it is bound to. */
import { isAcceptedAt, parseAudience, type OwnAudience } from '../lib/audience.js'
import { isConfirmedBy } from '../lib/crypto/session-key.js'
import { unauthenticated, UnknownCredentialError, type RequestError } from '../lib/errors.js'
import { isId } from '../lib/id.js'

export interface ClaimsVerifier {
  /** `KEYHOUSE_URL` and any `KEYHOUSE_PREVIOUS_URL`: audiences of tokens for this server, and origins of their issuers. */
  readonly urls: readonly string[]
  /** Claims of a JWT of that type with a valid signature; undefined otherwise. */
  verify(jwt: string, typ: 'at+jwt' | 'kh-personal+jwt'): Promise<Readonly<Record<string, unknown>> | undefined>
}

export const unconfirmedSession = (): RequestError =>
  unauthenticated('The console session is incomplete: its cookie and its session key belong together. Sign in again.')

/** Prefix of `jti` for each JWT type. */
const idPrefixes = { 'at+jwt': 'at', 'kh-personal+jwt': 'pt' } as const

interface Claims {
  readonly audience: OwnAudience
  readonly iss: unknown
  readonly jti: string
  readonly sub: string
  readonly cnf: unknown
}

/** What the request says of itself, beside the token. */
interface TokenUse {
  /** Every `X-Keyhouse-Session-Key` header. */
  readonly sessionKeys: readonly string[]
  /** MCP server that the request is for; null: it is not for the gateway. */
  readonly serverId: string | null
}

/** Verifies the signature, audience, `jti`, `sub` and confirmation of a JWT. @throws RequestError UNAUTHENTICATED */
export async function verifyClaims(
  verifier: ClaimsVerifier,
  jwt: string,
  typ: keyof typeof idPrefixes,
  { sessionKeys, serverId }: TokenUse,
): Promise<Claims> {
  const { aud, iss, jti, sub, cnf } = (await verifier.verify(jwt, typ)) ?? {}
  // Tokens for other audiences carry our signature too; accepting them would allow substitution (RFC 8725 §3.9).
  const audience = typeof aud === 'string' ? parseAudience(verifier.urls, aud) : undefined
  if (!audience || !isAcceptedAt(audience, serverId)) throw new UnknownCredentialError()
  if (!isId(jti, idPrefixes[typ]) || typeof sub !== 'string') throw new UnknownCredentialError()
  // A bound token is refused without its proof, wherever it comes from: a stolen cookie is no bearer token (RFC 7800 §3.1).
  if (cnf !== undefined && !isConfirmedBy(cnf, sessionKeys)) throw unconfirmedSession()
  return { audience, iss, jti, sub, cnf }
}
