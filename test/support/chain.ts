/** The chain of audit events, recomputed from the rows that are there. */
import type { MikroORM } from '@mikro-orm/core'

import { readConfig } from '../../src/config/config.js'
import { createDatabase } from '../../src/database/database.js'
import { AuditEvent } from '../../src/entities/audit-event.js'
import { AuditHead } from '../../src/entities/audit-head.js'
import { genesis, computeHash } from '../../src/journal/chain.js'

/** The events of an organization, oldest first. @throws Error where the chain is broken */
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

/** Looks into a database that no process of ours has open. */
export async function withDatabase<T>(env: Record<string, string>, look: (orm: MikroORM) => Promise<T>): Promise<T> {
  const orm = await createDatabase(readConfig(env))
  try {
    return await look(orm)
  } finally {
    await orm.close(true)
  }
}
