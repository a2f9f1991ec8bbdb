/** Verifies a JWT of this server: its signature, audience, ids, and the session key that it is bound to. */
import { unauthenticated, UnknownCredentialError, type RequestError } from '../lib/errors.js'
import { isId } from '../lib/id.js'
import { isConfirmedBy } from '../lib/session-key.js'

export interface ClaimsVerifier {
  /** `KEYHOUSE_URL`: the audience of tokens for this server, the issuer of personal tokens, the prefix of tenant issuers. */
  readonly url: string
  /** Claims of a JWT of that type with a valid signature; undefined otherwise. */
  verify(jwt: string, typ: 'at+jwt' | 'kh-personal+jwt'): Promise<Readonly<Record<string, unknown>> | undefined>
}

export const unconfirmedSession = (): RequestError =>
  unauthenticated('The console session is incomplete: its cookie and its session key belong together. Sign in again.')

/** Prefix of `jti` for each JWT type. */
const idPrefixes = { 'at+jwt': 'at', 'kh-personal+jwt': 'pt' } as const

interface Claims {
  readonly iss: unknown
  readonly jti: string
  readonly sub: string
  readonly cnf: unknown
}

/** Verifies the signature, audience, `jti`, `sub` and confirmation of a JWT. @throws RequestError UNAUTHENTICATED */
export async function verifyClaims(
  verifier: ClaimsVerifier,
  jwt: string,
  typ: keyof typeof idPrefixes,
  sessionKeys: readonly string[],
): Promise<Claims> {
  const claims = await verifier.verify(jwt, typ)
  // Tokens for other audiences carry our signature too; accepting them would allow substitution (RFC 8725 §3.9).
  if (claims?.['aud'] !== verifier.url) throw new UnknownCredentialError()
  const { iss, jti, sub, cnf } = claims
  if (!isId(jti, idPrefixes[typ]) || typeof sub !== 'string') throw new UnknownCredentialError()
  // A bound token is refused without its proof, wherever it comes from: a stolen cookie is no bearer token (RFC 7800 §3.1).
  if (cnf !== undefined && !isConfirmedBy(cnf, sessionKeys)) throw unconfirmedSession()
  return { iss, jti, sub, cnf }
}
