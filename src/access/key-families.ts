/**
 * Families of API keys: keys created from one root key may share a holder, so rules between two keys treat them as one
 * (docs/decisions/0163).
 */
import type { EntityManager } from '@mikro-orm/core'

import { ApiKey } from '../entities/api-key.js'
import type { Actor } from './actor.js'

/** Ids of the keys at the root of the given keys' creation chains. A key that a user created is its own root. */
export async function findRootKeyIds(em: EntityManager, keyIds: readonly string[]): Promise<ReadonlySet<string>> {
  const keys = await em.find(ApiKey, { id: { $in: [...keyIds] } })
  return new Set(keys.flatMap((key) => key.rootKeyIds ?? [key.id]))
}

/** Roots of a key that the actor creates or imports; null: a user does, so the key is its own root. */
export const inheritedRootKeyIds = async (em: EntityManager, { apiKey }: Actor): Promise<string[] | null> =>
  apiKey && [...(await findRootKeyIds(em, [apiKey.id]))]

/**
 * Whether a key shares a root with any of the other keys. Creating or rotating a key reveals its secret, so related keys may
 * have the same holder.
 */
export async function shareRootKey(em: EntityManager, keyId: string, otherKeyIds: readonly string[]): Promise<boolean> {
  const roots = await findRootKeyIds(em, otherKeyIds)
  return [...(await findRootKeyIds(em, [keyId]))].some((id) => roots.has(id))
}
