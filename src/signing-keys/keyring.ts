/** Signs JWTs with the current signing key, and verifies them with the published ones. */
import { compactVerify, importJWK, type CryptoKey, type JWK } from 'jose'

import { currentKey, activeSigningKeys, signingKey, publishedKey } from '../database/queries/signing-keys.js'
import type { QueryRunner } from '../database/query-runner.js'
import type { Row } from '../database/row-mapper.js'
import { signJwt, decodeUnverified, type Algorithm, type Signer } from '../lib/crypto/jwt.js'
import type { MasterKeys } from '../lib/crypto/seal.js'
import { isId } from '../lib/id.js'
import { parseIssuer } from '../lib/issuer.js'
import { openPrivateKey } from './create-signing-key.js'

/** Gate before the signature check of an unauthenticated caller's token. */
export interface SignatureGate {
  /** Resolves when the signature may be verified. @throws RequestError if the client has disconnected */
  enter(): Promise<void>
  /** Reports an invalid signature. */
  recordFailure(): void
}

/** Signs and verifies the JWTs of this deployment. */
export interface Keyring {
  /** @throws SealError if the master keys do not open the signing keys of this database */
  assertKeysOpen(): Promise<void>
  /** Returns the signed token and the `kid` of its key. */
  sign(typ: 'at+jwt' | 'kh-personal+jwt' | 'kh-audit-checkpoint+jws', claims: object): Promise<{ text: string; kid: string }>
  /**
   * Returns the claims of a token that this deployment signed, without checking its validity period. Returns undefined if
   * the key is retired or the token is invalid.
   */
  verify(jwt: string, typ: 'at+jwt' | 'kh-personal+jwt', gate?: SignatureGate): Promise<Readonly<Record<string, unknown>> | undefined>
}

interface Verifier {
  readonly algorithm: string
  readonly key: CryptoKey | Uint8Array
}

const toJwk = (value: unknown): JWK => (typeof value === 'string' ? JSON.parse(value) : value) as JWK

/** @param urls `KEYHOUSE_URL` and `KEYHOUSE_PREVIOUS_URL`: the issuer of every token begins with one of them */
export function openKeyring(queryRunner: QueryRunner, masterKeys: MasterKeys, urls: readonly string[]): Keyring {
  // Key material is immutable, so it is cached by id. Key states are read from the database at every use.
  const signers = new Map<string, Signer>()
  const verifiers = new Map<string, Verifier>()

  const getSigner = async (kid: string): Promise<Signer> => {
    const known = signers.get(kid)
    if (known) return known
    const row = await queryRunner.read(signingKey, [kid])
    if (!row) throw new Error(`signing key ${kid} does not exist`)
    const privateKey = openPrivateKey(kid, row['sealed_private_key'] as string, masterKeys)
    const signer = { kid, algorithm: row['algorithm'] as Algorithm, privateKey }
    signers.set(kid, signer)
    return signer
  }

  const getVerifier = async (kid: string, row: Row): Promise<Verifier> => {
    const known = verifiers.get(kid)
    if (known) return known
    const algorithm = row['algorithm'] as string
    const verifier = { algorithm, key: await importJWK(toJwk(row['public_jwk']), algorithm) }
    verifiers.set(kid, verifier)
    return verifier
  }

  const getCurrentSigner = async (): Promise<Signer> => {
    const row = await queryRunner.read(currentKey, [])
    if (!row) throw new Error('there is no current signing key')
    return getSigner(row['id'] as string)
  }

  /** Whether this deployment has such an issuer. The caller compares it with the token's record. */
  const isOurs = (iss: unknown): boolean =>
    typeof iss === 'string' && urls.some((url) => iss === url || parseIssuer(url, iss) !== undefined)

  return {
    async assertKeysOpen() {
      // Includes the next key: otherwise a rotation could promote one that does not open.
      for (const row of await queryRunner.readAll(activeSigningKeys, [])) await getSigner(row['id'] as string)
    },

    async sign(typ, claims) {
      const signer = await getCurrentSigner()
      return { text: signJwt(signer, typ, claims), kid: signer.kid }
    },

    async verify(jwt, typ, gate) {
      const { header, claims } = decodeUnverified(jwt) ?? {}
      // Explicit typing prevents using one kind of JWT as another (RFC 8725 §3.11).
      if (header?.['typ'] !== typ || !isOurs(claims?.['iss'])) return undefined
      const { kid, alg } = header
      // Validated before the query: PostgreSQL fails on NUL.
      if (!isId(kid, 'sk')) return undefined
      const row = await queryRunner.read(publishedKey, [kid])
      // The key determines the algorithm, never the token: this prevents algorithm confusion (RFC 8725 §3.1).
      if (!row || row['algorithm'] !== alg) return undefined
      const { algorithm, key } = await getVerifier(kid, row)
      await gate?.enter()
      try {
        const { payload } = await compactVerify(jwt, key, { algorithms: [algorithm] })
        return JSON.parse(Buffer.from(payload).toString()) as Record<string, unknown>
      } catch {
        gate?.recordFailure()
        return undefined
      }
    },
  }
}
