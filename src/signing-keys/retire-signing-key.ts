/** Retires a signing key immediately: its tokens become invalid here, and it leaves the JWKS. */
import { SigningKey } from '../entities/signing-key.js'
import { notFound } from '../lib/errors.js'
import { createSigningKey, type SigningKeyDeps } from './create-signing-key.js'
import { findActiveSigningKeys, promoteNext, type ActiveSigningKeys } from './rotate-signing-keys.js'

/** Idempotent: retiring a retired key changes nothing. @throws DomainError NOT_FOUND */
export async function retireSigningKey(deps: SigningKeyDeps, kid: string): Promise<ActiveSigningKeys & { readonly retired: SigningKey }> {
  const successor = await createSigningKey(deps, 'NEXT')
  const result = await deps.journal.exclusive(deps.orm.em.fork(), async (em) => {
    const now = deps.clock()
    const { current, next } = await findActiveSigningKeys(em)
    const retired = await em.findOne(SigningKey, { id: kid })
    if (!retired) throw notFound('No signing key has this id. See "signingKeys" for the ids.')
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
  if (was !== 'RETIRED')
    deps.log.warn({ retired: retired.id, was, current: current.id, next: next.id }, 'signing key retired by an operator')
  return { retired, current, next }
}
