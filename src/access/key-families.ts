/**
 * Families of API keys. Whoever makes a key, or replaces its text, is shown that text, so all keys that go back to one key
 * may have the same holder: a rule that one key must not lift for another does not see them as two (docs/decisions/0163).
 */
import type { EntityManager } from '@mikro-orm/core'

import { ApiKey } from '../entities/api-key.js'

/** The keys that these go back to, themselves included when nobody but people made them. */
export async function findRootKeyIds(em: EntityManager, keyIds: readonly string[]): Promise<ReadonlySet<string>> {
  const keys = await em.find(ApiKey, { id: { $in: [...keyIds] } })
  return new Set(keys.flatMap((key) => key.rootKeyIds ?? [key.id]))
}

export async function areRelated(em: EntityManager, keyId: string, others: readonly string[]): Promise<boolean> {
  const roots = await findRootKeyIds(em, others)
  return [...(await findRootKeyIds(em, [keyId]))].some((id) => roots.has(id))
}
