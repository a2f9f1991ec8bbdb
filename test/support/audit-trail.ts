/** Reads the audit trail from the database and verifies its hash chain by recomputing it. */
import type { MikroORM } from '@mikro-orm/core'

import { AuditEvent } from '../../src/entities/audit-event.js'
import { AuditHead } from '../../src/entities/audit-head.js'
import { genesis, computeHash } from '../../src/journal/chain.js'
import { entityManager } from './database-access.js'

/** Number of refusals that an event summarizes. */
export const refusalsIn = ({ details }: Pick<AuditEvent, 'details'>): number => Number(details['count'] ?? 1)

/** The organization's audit events in the order of the chain; all of them or those of one action. */
export const eventsOf = (orm: MikroORM, organizationId: string, action?: string): Promise<AuditEvent[]> =>
  entityManager(orm, organizationId).find(AuditEvent, action === undefined ? {} : { action }, { orderBy: { seq: 'ASC' } })

/** Describes each broken link of the chain; empty if the chain is intact. */
export async function chainFaults(orm: MikroORM, organizationId: string): Promise<string[]> {
  const faults: string[] = []
  let head = genesis
  for (const event of await eventsOf(orm, organizationId)) {
    if (event.seq !== head.seq + 1) faults.push(`event ${event.seq} follows event ${head.seq}`)
    if (event.previousHash !== head.hash) faults.push(`event ${event.seq} has another previousHash than the hash of event ${head.seq}`)
    if (event.hash !== computeHash(event)) faults.push(`event ${event.seq} has another hash than its content`)
    head = event
  }
  const stored = await entityManager(orm, organizationId).findOneOrFail(AuditHead, { organizationId })
  if (stored.seq !== head.seq || stored.hash !== head.hash) faults.push(`the head names event ${stored.seq}, the chain ends at ${head.seq}`)
  return faults
}
