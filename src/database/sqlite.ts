/** What is to be rolled back on SQLite may be rolled back already. */
import type { EventSubscriber } from '@mikro-orm/core'
import type { Database } from 'better-sqlite3'

/**
 * When the disk is full or fails SQLite ends the transaction by itself. The rollback that follows would fail, and the one
 * connection that writes would never be handed back: every change after it would wait for ever.
 */
export const somethingToRollBack = (writer: Database): EventSubscriber => ({
  beforeTransactionRollback(): Promise<void> {
    if (!writer.inTransaction) writer.exec('begin')
    return Promise.resolve()
  },
})
