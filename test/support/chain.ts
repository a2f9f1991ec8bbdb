/** Verifies the hash chain of the audit trail by recomputing it from the stored rows. */
import type { MikroORM } from '@mikro-orm/core'

import { readConfig } from '../../src/config/config.js'
import { createDatabase } from '../../src/database/database.js'
import { AuditEvent } from '../../src/entities/audit-event.js'
import { AuditHead } from '../../src/entities/audit-head.js'
import { genesis, computeHash } from '../../src/journal/chain.js'

/** The organization's audit events, oldest first. @throws Error at the first broken link */
export async function wholeChain(orm: MikroORM, organizationId: string): Promise<AuditEvent[]> {
  const em = orm.em.fork()
  em.setFilterParams('tenant', { organizationId, projectIds: null, environment: null })
  const events = await em.find(AuditEvent, { organizationId }, { orderBy: { seq: 'ASC' } })
  let head = genesis
  for (const event of events) {
    if (event.seq !== head.seq + 1 || event.previousHash !== head.hash || event.hash !== computeHash(event)) {
      throw new Error(`the chain is broken at ${event.seq}`)
    }
    head = { seq: event.seq, hash: event.hash }
  }
  const stored = await em.findOneOrFail(AuditHead, { organizationId })
  if (stored.seq !== head.seq || stored.hash !== head.hash) throw new Error('the head is not the end of the chain')
  return events
}

/** Opens a database that no running application uses, and closes it after `read`. */
export async function withDatabase<T>(env: Record<string, string>, read: (orm: MikroORM) => Promise<T>): Promise<T> {
  const orm = await createDatabase(readConfig(env))
  try {
    return await read(orm)
  } finally {
    await orm.close(true)
  }
}
