/** Reads the chain of an organization in order, a page at a time: an open cursor would block SQLite. */
import { systemContext } from '../context/context.js'
import type { Services } from '../context/services.js'
import { AuditEvent } from '../entities/audit-event.js'
import { AuditHead } from '../entities/audit-head.js'
import { genesis, type ChainHead } from '../journal/chain.js'

const pageSize = 500

/** Where the chain ends now. */
export async function getChainHead(app: Services, organizationId: string): Promise<ChainHead> {
  return (await systemContext(app, organizationId).em.findOne(AuditHead, { organizationId })) ?? genesis
}

/** Oldest first, up to the place given; what is appended meanwhile is left out. */
export async function* readTrail(app: Services, organizationId: string, upTo = Infinity): AsyncGenerator<AuditEvent, void, undefined> {
  let last = 0
  while (true) {
    // A context for each page, or the identity map would hold the whole trail in the end.
    const { em } = systemContext(app, organizationId)
    const page = await em.find(AuditEvent, { seq: { $gt: last } }, { orderBy: { seq: 'ASC' }, limit: pageSize })
    for (const event of page) {
      if (event.seq > upTo) return
      yield event
    }
    if (page.length < pageSize) return
    last = page.at(-1)!.seq
  }
}
