/** Reads an organization's audit chain in order, page by page: an open cursor would block SQLite. */
import { systemContext } from '../context/context.js'
import type { Services } from '../context/services.js'
import { AuditEvent } from '../entities/audit-event.js'
import { AuditHead } from '../entities/audit-head.js'
import { genesis, type ChainHead } from '../journal/chain.js'

const pageSize = 500

/** Returns the current chain head; `genesis` for an organization without events. */
export async function getChainHead(services: Services, organizationId: string): Promise<ChainHead> {
  return (await systemContext(services, organizationId).em.findOne(AuditHead, { organizationId })) ?? genesis
}

/** Yields events oldest first, up to sequence number `maxSeq`, so that events appended during the read are excluded. */
export async function* readTrail(
  services: Services,
  organizationId: string,
  maxSeq = Infinity,
): AsyncGenerator<AuditEvent, void, undefined> {
  let afterSeq = 0
  while (true) {
    // New context per page: one identity map would keep the whole trail in memory.
    const { em } = systemContext(services, organizationId)
    const page = await em.find(AuditEvent, { seq: { $gt: afterSeq } }, { orderBy: { seq: 'ASC' }, limit: pageSize })
    for (const event of page) {
      if (event.seq > maxSeq) return
      yield event
    }
    if (page.length < pageSize) return
    afterSeq = page.at(-1)!.seq
  }
}
