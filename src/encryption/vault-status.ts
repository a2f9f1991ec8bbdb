/** `keyhouse vault status`: counts sealed rows by master key without opening any, so it works while a key is missing. */
import type { MikroORM } from '@mikro-orm/core'

import { getKeyId } from '../lib/crypto/seal.js'
import { countSealedWith, findNotSealedWith, sealedColumns, type SealedColumn } from './sealed-columns.js'

/** Sealed rows by column and master key. */
export interface VaultStatus {
  /** Id of the key that seals new values. */
  readonly newest: string
  /** Ids of the configured keys, newest first. */
  readonly configured: readonly string[]
  /** Ids of keys that sealed some rows but are not configured. */
  readonly missing: readonly string[]
  readonly sealed: readonly { readonly what: string; readonly keyId: string; readonly rows: number }[]
}

/** @param configured ids of the configured keys, newest first */
export async function getVaultStatus(orm: MikroORM, configured: readonly [string, ...string[]]): Promise<VaultStatus> {
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

/** Ids of keys that are not configured. Each query excludes the ids found so far, so it needs one row per key. */
async function findUnknownKeyIds(orm: MikroORM, column: SealedColumn, configured: readonly string[]): Promise<string[]> {
  const found: string[] = []
  for (;;) {
    const [row] = await findNotSealedWith(orm, column, [...configured, ...found], { after: '', limit: 1 })
    if (!row) return found
    const keyId = getKeyId(row.envelope)
    // A malformed envelope does not match its own key id, so the query would return it forever.
    if (found.includes(keyId)) return found
    found.push(keyId)
  }
}
