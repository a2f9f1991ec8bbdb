/** Signs with the key that is current in the database at this request, and verifies with those that are published there. */
import { compactVerify, importJWK, type CryptoKey, type JWK } from 'jose'

import { currentKey, signersToBe, signingKey, publishedKey } from '../database/queries/signing-keys.js'
import type { QueryRunner } from '../database/query-runner.js'
import type { Row } from '../database/row-mapper.js'
import { isId } from '../lib/id.js'
import { parseIssuer } from '../lib/issuer.js'
import { signJwt, unverified, type Algorithm, type Signer } from '../lib/jwt.js'
import type { MasterKeys } from '../lib/seal.js'
import { openPrivateKey } from './create-signing-key.js'

interface Verifier {
  readonly algorithm: string
  readonly key: CryptoKey | Uint8Array
}

const toJwk = (value: unknown): JWK => (typeof value === 'string' ? JSON.parse(value) : value) as JWK

/** @param url `KEYHOUSE_URL`, which the issuer of every token begins with */
export function openKeyring(reader: QueryRunner, masterKeys: MasterKeys, url: string): Keyring {
  // Key material never changes under its id, so it may be kept; which key is current or retired is asked each time.
  const signers = new Map<string, Signer>()
  const verifiers = new Map<string, Verifier>()

  const signerOf = async (kid: string): Promise<Signer> => {
    const known = signers.get(kid)
    if (known) return known
    const row = await reader.read(signingKey, [kid])
    if (!row) throw new Error(`signing key ${kid} is gone`)
    const privateKey = openPrivateKey(kid, row['sealed_private_key'] as string, masterKeys)
    const signer = { kid, algorithm: row['algorithm'] as Algorithm, privateKey }
    signers.set(kid, signer)
    return signer
  }

  const verifierOf = async (kid: string, row: Row): Promise<Verifier> => {
    const known = verifiers.get(kid)
    if (known) return known
    const algorithm = row['algorithm'] as string
    const verifier = { algorithm, key: await importJWK(toJwk(row['public_jwk']), algorithm) }
    verifiers.set(kid, verifier)
    return verifier
  }

  const current = async (): Promise<Signer> => {
    const row = await reader.read(currentKey, [])
    if (!row) throw new Error('no signing key is current')
    return signerOf(row['id'] as string)
  }

  /** Which of them it must be, the caller knows once it has found the token's row. */
  const isOurs = (iss: unknown): boolean => typeof iss === 'string' && (iss === url || parseIssuer(url, iss) !== undefined)

  return {
    async assertKeysOpen() {
      // The next one too: a rotation must not find out that it cannot be opened.
      for (const row of await reader.readAll(signersToBe, [])) await signerOf(row['id'] as string)
    },

    async sign(typ, claims) {
      const signer = await current()
      return { text: signJwt(signer, typ, claims), kid: signer.kid }
    },

    async verify(text, typ, gate) {
      const { header, claims } = unverified(text) ?? {}
      // The type keeps one kind of token from being taken for another (RFC 8725 §3.11).
      if (header?.['typ'] !== typ || !isOurs(claims?.['iss'])) return undefined
      const { kid, alg } = header
      // Checked before the database sees it: PostgreSQL fails on a NUL.
      if (!isId(kid, 'sk')) return undefined
      const row = await reader.read(publishedKey, [kid])
      // The algorithm is that of the key, never that of the token (RFC 8725 §3.1).
      if (!row || row['algorithm'] !== alg) return undefined
      const { algorithm, key } = await verifierOf(kid, row)
      await gate?.enter()
      try {
        const { payload } = await compactVerify(text, key, { algorithms: [algorithm] })
        return JSON.parse(Buffer.from(payload).toString()) as Record<string, unknown>
      } catch {
        gate?.failed()
        return undefined
      }
    },
  }
}

/** Signs what this deployment issues. */
export interface Keyring {
  /** @throws SealError when the master keys do not open what this database holds. */
  assertKeysOpen(): Promise<void>
  /** A signed token and the `kid` that signed it. */
  sign(typ: 'at+jwt' | 'kh-personal+jwt' | 'kh-audit-checkpoint+jws', claims: object): Promise<{ text: string; kid: string }>
  /** The claims of a token of ours, whatever its time; undefined for one of a key that was withdrawn, and for anything else. */
  verify(text: string, typ: 'at+jwt' | 'kh-personal+jwt', gate?: SignatureGate): Promise<Readonly<Record<string, unknown>> | undefined>
}

/** Stands before cryptography, for tokens of callers that are not known yet. */
export interface SignatureGate {
  /** Resolves when the signature may be verified. @throws RequestError when nobody waits for the answer any more */
  enter(): Promise<void>
  /** The signature did not verify. */
  failed(): void
}
