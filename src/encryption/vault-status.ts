/** `keyhouse vault status`: what is sealed under which master key. It opens nothing, so it answers while a key is missing. */
import type { MikroORM } from '@mikro-orm/core'

import { getKeyId } from '../lib/seal.js'
import { countSealedWith, findNotSealedWith, sealedColumns, type SealedColumn } from './sealed-columns.js'

export interface VaultStatus {
  /** The key that seals. */
  readonly newest: string
  /** Every key at hand, newest first. */
  readonly configured: readonly string[]
  /** Keys that something is sealed under and that are not at hand. */
  readonly missing: readonly string[]
  readonly sealed: readonly { readonly what: string; readonly keyId: string; readonly rows: number }[]
}

export async function vaultStatus(orm: MikroORM, configured: readonly [string, ...string[]]): Promise<VaultStatus> {
  const sealed: VaultStatus['sealed'][number][] = []
  for (const column of sealedColumns) {
    for (const keyId of [...configured, ...(await findUnknownKeyIds(orm, column, configured))]) {
      const rows = await countSealedWith(orm, column, keyId)
      if (rows > 0) sealed.push({ what: column.name, keyId, rows })
    }
  }
  const missing = [...new Set(sealed.map(({ keyId }) => keyId))].filter((keyId) => !configured.includes(keyId))
  return { newest: configured[0], configured, missing, sealed }
}

/** Keys that are not at hand, one by one: each row that is found rules its key out of the next search. */
async function findUnknownKeyIds(orm: MikroORM, column: SealedColumn, configured: readonly string[]): Promise<string[]> {
  const found: string[] = []
  for (;;) {
    const [row] = await findNotSealedWith(orm, column, [...configured, ...found], { after: '', limit: 1 })
    if (!row) return found
    const keyId = getKeyId(row.envelope)
    // Not an envelope at all: nothing that a key could be named for, and it would be found again for ever.
    if (found.includes(keyId)) return found
    found.push(keyId)
  }
}
