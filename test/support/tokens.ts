/** Access tokens in tests: exchange, decode without verification, and sign arbitrary claims with the deployment's key. */
import { SigningKey } from '../../src/entities/signing-key.js'
import { signJwt } from '../../src/lib/crypto/jwt.js'
import { openPrivateKey } from '../../src/signing-keys/create-signing-key.js'
import type { TestApp } from './app.js'
import type { Payloads } from './results.js'

export const audience = 'https://agents.example/api'

export interface ExchangedToken {
  readonly token: string
  readonly accessToken: { readonly id: string; readonly expiresAt: string }
}

const selection = 'token accessToken { id expiresAt }'

/** Runs exchangeApiKey and returns the payload, with its user errors. */
export const exchangePayload = (
  app: TestApp,
  credential: string,
  input: object,
  headers: Record<string, string> = {},
): Promise<Payloads['exchangeApiKey']> => app.mutate(credential, 'exchangeApiKey', input, selection, headers)

/** Exchanges a key for a token. @throws Error if no token was issued */
export async function exchange(app: TestApp, credential: string, input: object = {}): Promise<ExchangedToken> {
  const payload = await exchangePayload(app, credential, { audience, externalUserId: 'jane', ...input })
  if (!payload.token) throw new Error(JSON.stringify(payload.userErrors))
  return payload
}

/** Claims of the tokens that Keyhouse signs (RFC 7519, RFC 9068). */
export interface Claims {
  readonly iss: string
  readonly sub: string
  readonly aud: string
  readonly iat: number
  readonly exp: number
  readonly jti: string
  readonly client_id: string
  readonly permissions: readonly string[]
  readonly scope: string
}

const part = (token: string, index: number): unknown => JSON.parse(Buffer.from(token.split('.')[index]!, 'base64url').toString())
export const headerOf = (token: string): { kid: string; typ: string; alg: string } => part(token, 0) as ReturnType<typeof headerOf>
export const claimsOf = (token: string): Claims => part(token, 1) as Claims

export const signingKeys = (app: TestApp, state?: string): Promise<SigningKey[]> =>
  app.services.orm.em.fork().find(SigningKey, state ? { state: state as 'NEXT' } : { id: { $ne: '' } }, { orderBy: { id: 'ASC' } })

export async function signingKey(app: TestApp, state: 'CURRENT' | 'NEXT'): Promise<SigningKey> {
  return (await signingKeys(app, state))[0]!
}

/** Signs arbitrary claims with the current signing key, so that only the claims can be invalid. */
export async function signClaims(app: TestApp, typ: string, claims: object): Promise<string> {
  const { id, algorithm, sealedPrivateKey } = await signingKey(app, 'CURRENT')
  const privateKey = openPrivateKey(id, sealedPrivateKey, app.services.masterKeys)
  return signJwt({ kid: id, algorithm: algorithm as 'EdDSA', privateKey }, typ, claims)
}

export async function fetchWellKnown(app: { url: string }, name: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${app.url}/.well-known/${name}.json`, { headers })
}

export interface RevocationList {
  readonly revokedTokens: string[]
  readonly revokedClients: string[]
  readonly revokedSandboxes: { project: string; issuedBefore: number }[]
}

/** The revocation list of the deployment, or of the issuer at `path`. */
export const fetchRevocationList = async (app: { url: string }, path = ''): Promise<RevocationList> =>
  (await fetch(`${app.url}${path}/.well-known/revoked.json`)).json() as Promise<RevocationList>

export const fetchPublishedKids = async (app: { url: string }): Promise<string[]> => {
  const { keys } = (await (await fetchWellKnown(app, 'jwks')).json()) as { keys: { kid: string }[] }
  return keys.map(({ kid }) => kid)
}
