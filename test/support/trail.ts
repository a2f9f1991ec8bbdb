/** Reads the audit trail from the database and verifies its hash chain by recomputing it. */
import { AuditEvent } from '../../src/entities/audit-event.js'
import { AuditHead } from '../../src/entities/audit-head.js'
import { genesis, computeHash } from '../../src/journal/chain.js'
import type { TestApp } from './app.js'

/** Number of refusals that an event summarizes. */
export const refusalsIn = ({ details }: Pick<AuditEvent, 'details'>): number => Number(details['count'] ?? 1)

/** The organization's audit events in the order of the chain; all of them or those of one action. */
export async function eventsOf(app: TestApp, organizationId: string, action?: string): Promise<AuditEvent[]> {
  const em = app.services.orm.em.fork()
  em.setFilterParams('tenant', { organizationId, projectIds: null, environment: null })
  return em.find(AuditEvent, action === undefined ? {} : { action }, { orderBy: { seq: 'ASC' } })
}

/** Describes each broken link of the chain; empty if the chain is intact. */
export async function chainFaults(app: TestApp, organizationId: string): Promise<string[]> {
  const events = await eventsOf(app, organizationId)
  const faults: string[] = []
  let head = genesis
  for (const event of events) {
    if (event.seq !== head.seq + 1) faults.push(`${event.seq} follows ${head.seq}`)
    if (event.previousHash !== head.hash) faults.push(`${event.seq} does not name the one before it`)
    if (event.hash !== computeHash(event)) faults.push(`${event.seq} is not what was hashed`)
    head = event
  }
  const em = app.services.orm.em.fork()
  em.setFilterParams('tenant', { organizationId, projectIds: null, environment: null })
  const stored = await em.findOneOrFail(AuditHead, { organizationId })
  if (stored.seq !== head.seq || stored.hash !== head.hash) faults.push(`the head says ${stored.seq}, the chain ends at ${head.seq}`)
  return faults
}
