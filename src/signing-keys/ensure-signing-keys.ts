/** Creates the current and the next signing key if they are missing. */
import { SigningKey } from '../entities/signing-key.js'
import { createSigningKey, type SigningKeyDeps } from './create-signing-key.js'

/** The caller holds the startup lock, so that only one of several starting processes creates them. */
export async function ensureSigningKeys(deps: Pick<SigningKeyDeps, 'orm' | 'config' | 'masterKeys' | 'clock'>): Promise<void> {
  const em = deps.orm.em.fork()
  const keys = await em.find(SigningKey, { state: { $in: ['CURRENT', 'NEXT'] } })
  for (const state of ['CURRENT', 'NEXT'] as const) {
    if (!keys.some((key) => key.state === state)) em.persist(await createSigningKey(deps, state))
  }
  await em.flush()
}
