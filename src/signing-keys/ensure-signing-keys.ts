/** A deployment always has a key that signs, and its successor published before it is needed. */
import { SigningKey } from '../entities/signing-key.js'
import { createSigningKey, type SigningKeyDeps } from './create-signing-key.js'

/** Of several processes that start at once one makes them: app.ts lets one in at a time. */
export async function ensureSigningKeys(office: Pick<SigningKeyDeps, 'orm' | 'config' | 'masterKeys' | 'clock'>): Promise<void> {
  const em = office.orm.em.fork()
  const keys = await em.find(SigningKey, { state: { $in: ['CURRENT', 'NEXT'] } })
  for (const state of ['CURRENT', 'NEXT'] as const) {
    if (!keys.some((key) => key.state === state)) em.persist(await createSigningKey(office, state))
  }
  await em.flush()
}
