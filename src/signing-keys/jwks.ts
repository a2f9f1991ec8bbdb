/** What others read of the keys that sign tokens: their public halves. */
import type { JWK } from 'jose'

import { SigningKey } from '../entities/signing-key.js'
import type { SigningKeyDeps } from './create-signing-key.js'

/** Seconds that a verifier may keep the key set; a rotation waits at least as long for the next one. */
export const jwksMaxAge = 300

const find = (app: Pick<SigningKeyDeps, 'orm'>, where: object): Promise<SigningKey[]> =>
  app.orm.em.fork().find(SigningKey, where, { orderBy: { id: 'ASC' } })

/** The key set that verifiers read: the key that signs, its successor, and predecessors whose tokens still live. */
export async function getJwks(app: Pick<SigningKeyDeps, 'orm'>): Promise<JWK[]> {
  const keys = await find(app, { state: { $ne: 'RETIRED' } })
  return keys.map((key) => key.publicJwk)
}

/** A public half with the time in which it signed. RFC 7517 §4: members that are not understood are ignored. */
export interface JwkWithValidity extends JWK {
  readonly activatedAt: string | null
  readonly supersededAt: string | null
  readonly retiredAt: string | null
}

/** Every key there ever was, so that what was signed long ago can be verified for ever. */
export async function getAuditJwks(app: Pick<SigningKeyDeps, 'orm'>): Promise<JwkWithValidity[]> {
  const text = (at: Date | null): string | null => at?.toISOString() ?? null
  const keys = await find(app, { id: { $ne: '' } })
  return keys.map(({ publicJwk, activatedAt, supersededAt, retiredAt }) => ({
    ...publicJwk,
    activatedAt: text(activatedAt),
    supersededAt: text(supersededAt),
    retiredAt: text(retiredAt),
  }))
}
