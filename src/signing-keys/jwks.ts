/** Public keys of the signing keys: the JWKS for token verifiers, and the JWKS of all keys for audit. */
import type { JWK } from 'jose'

import { SigningKey } from '../entities/signing-key.js'
import type { SigningKeyDeps } from './create-signing-key.js'

/** Cache max-age of the JWKS, in seconds. A rotation requires that the next key was published for at least as long. */
export const jwksMaxAgeSeconds = 300

const findKeys = (deps: Pick<SigningKeyDeps, 'orm'>, where: object): Promise<SigningKey[]> =>
  deps.orm.em.fork().find(SigningKey, where, { orderBy: { id: 'ASC' } })

/** JWKS for verifiers: the current key, the next one, and previous ones with unexpired tokens. */
export async function getJwks(deps: Pick<SigningKeyDeps, 'orm'>): Promise<JWK[]> {
  const keys = await findKeys(deps, { state: { $ne: 'RETIRED' } })
  return keys.map((key) => key.publicJwk)
}

/** Public key with its signing period, in ISO 8601. Verifiers ignore members that they do not understand (RFC 7517 §4). */
export interface JwkWithValidity extends JWK {
  readonly activatedAt: string | null
  readonly supersededAt: string | null
  readonly retiredAt: string | null
}

/** Every key, including retired ones, so that old audit checkpoints remain verifiable. */
export async function getAuditJwks(deps: Pick<SigningKeyDeps, 'orm'>): Promise<JwkWithValidity[]> {
  const toIsoOrNull = (at: Date | null): string | null => at?.toISOString() ?? null
  const keys = await findKeys(deps, { id: { $ne: '' } })
  return keys.map(({ publicJwk, activatedAt, supersededAt, retiredAt }) => ({
    ...publicJwk,
    activatedAt: toIsoOrNull(activatedAt),
    supersededAt: toIsoOrNull(supersededAt),
    retiredAt: toIsoOrNull(retiredAt),
  }))
}
