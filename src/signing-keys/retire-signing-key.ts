/** Withdraws a signing key at once: what it signed is no longer believed here, and it leaves the key set. */
import { SigningKey } from '../entities/signing-key.js'
import { notFound } from '../lib/errors.js'
import { createSigningKey, type SigningKeyDeps } from './create-signing-key.js'
import { findActiveSigningKeys, promoteNext, type ActiveSigningKeys } from './rotate-signing-keys.js'

/** Doing it again answers the same. @throws DomainError NOT_FOUND */
export async function retireSigningKey(app: SigningKeyDeps, kid: string): Promise<ActiveSigningKeys & { readonly retired: SigningKey }> {
  const successor = await createSigningKey(app, 'NEXT')
  const result = await app.journal.exclusive(app.orm.em.fork(), async (em) => {
    const now = app.clock()
    const { current, next } = await findActiveSigningKeys(em)
    const retired = await em.findOne(SigningKey, { id: kid })
    if (!retired) throw notFound('No such signing key.')
    const was = retired.state
    if (was === 'RETIRED') return { was, retired, current, next }
    retired.state = 'RETIRED'
    retired.retiredAt = now
    if (was === 'CURRENT') {
      retired.supersededAt = now
      return { was, retired, ...(await promoteNext(em, next, successor, now)) }
    }
    if (was === 'PREVIOUS') return { was, retired, current, next }
    await em.flush()
    successor.createdAt = now
    em.persist(successor)
    return { was, retired, current, next: successor }
  })
  const { was, retired, current, next } = result
  if (was !== 'RETIRED') app.log.warn({ retired: retired.id, was, current: current.id, next: next.id }, 'a signing key was withdrawn')
  return { retired, current, next }
}
