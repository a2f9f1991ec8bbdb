/** Compact JWS signing (RFC 7515 §7.1) with a KeyObject that is created once; jose does the verification. */
import { sign, type KeyObject } from 'node:crypto'

/** Supported values of `alg`. */
export const algorithms = ['EdDSA', 'ES256', 'RS256'] as const
export type Algorithm = (typeof algorithms)[number]

/** node:crypto calls by `alg` (RFC 7518 §3.1, RFC 8037 §3.1). ECDSA signatures in JOSE are raw r ‖ s, not DER. */
const signFunctions: Readonly<Record<Algorithm, (signingInput: Buffer, key: KeyObject) => Buffer>> = {
  // A KeyObject in an options object is prepared on each call, which takes half as long as the signature.
  EdDSA: (signingInput, key) => sign(null, signingInput, key),
  ES256: (signingInput, key) => sign('sha256', signingInput, { key, dsaEncoding: 'ieee-p1363' }),
  RS256: (signingInput, key) => sign('sha256', signingInput, key),
}

type Unverified = Readonly<Record<string, unknown>>

function decodePart(part: string | undefined): Unverified | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part ?? '', 'base64url').toString())
    return typeof value === 'object' && value !== null ? (value as Unverified) : undefined
  } catch {
    return undefined
  }
}

/** Unverified header of a compact JWS: three parts, of which the first is a JSON object. Undefined for any other text. */
export function jwtHeader(text: string): Unverified | undefined {
  const [header, , signature, ...rest] = text.split('.', 4)
  return signature === undefined || rest.length > 0 ? undefined : decodePart(header)
}

/** Decodes header and claims without verification, to reject a token before the signature check. Undefined if malformed. */
export function decodeUnverified(text: string): { readonly header: Unverified; readonly claims: Unverified } | undefined {
  if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(text)) return undefined
  const [header, claims] = text.split('.', 2).map(decodePart)
  return header && claims ? { header, claims } : undefined
}

/** Signing key with its `kid` and `alg`. */
export interface Signer {
  readonly kid: string
  readonly algorithm: Algorithm
  readonly privateKey: KeyObject
}

const encodePart = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')

/** Signs the claims; `typ` is the header parameter of RFC 7515 §4.1.9. */
export function signJwt({ kid, algorithm, privateKey }: Signer, typ: string, claims: object): string {
  const signingInput = `${encodePart({ alg: algorithm, kid, typ })}.${encodePart(claims)}`
  return `${signingInput}.${signFunctions[algorithm](Buffer.from(signingInput), privateKey).toString('base64url')}`
}
