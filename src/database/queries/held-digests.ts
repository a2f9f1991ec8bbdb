/** Query of the digests that any API key of the deployment holds, by the query builder, which applies no tenant filter. */
import type { EntityManager } from '@mikro-orm/core'
import type { SqlEntityManager } from '@mikro-orm/sql'

import { ApiKey } from '../../entities/api-key.js'

interface Holder {
  readonly id: string
  readonly digest: string
  readonly previous_digest: string | null
  readonly imported_digest: string | null
}

/** Id of the key that holds each digest: as its current secret, the one before it, or the one that it was imported with. */
export async function findHolders(em: EntityManager, digests: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const $in = [...digests]
  const rows = await (em as SqlEntityManager)
    .createQueryBuilder(ApiKey)
    .select(['id', 'digest', 'previousDigest', 'importedDigest'])
    .where({ $or: [{ digest: { $in } }, { previousDigest: { $in } }, { importedDigest: { $in } }] })
    .execute<Holder[]>('all', false)
  return new Map(
    rows.flatMap(({ id, digest, previous_digest: previous, imported_digest: imported }) =>
      [digest, previous, imported].flatMap((held) => (held === null ? [] : [[held, id] as const])),
    ),
  )
}
