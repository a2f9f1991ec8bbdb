/** A journal whose changes are spans of the request that makes them: the wait for the group, for locks and for the disk. */
import type { Traces } from '../observability/traces.js'
import type { EventDraft } from './chain.js'
import type { Journal } from './journal.js'

const toSpanAttributes = (event: EventDraft | null): Record<string, string> =>
  event ? { 'keyhouse.action': event.action, 'keyhouse.outcome': event.outcome } : {}

export function tracedJournal(journal: Journal, traces: Traces, system: 'sqlite' | 'postgresql'): Journal {
  const database = { 'db.system.name': system }
  return {
    exclusive: (em, work) => journal.exclusive(em, work),
    writeBackground: (statements) => journal.writeBackground(statements),
    close: () => journal.close(),

    commit: (entry) =>
      traces.withChildSpan('journal.commit', 'INTERNAL', { ...database, ...toSpanAttributes(entry.event) }, () => journal.commit(entry)),

    transaction: (em, caller, work) =>
      traces.withChildSpan('journal.transaction', 'INTERNAL', database, (span) =>
        journal.transaction(em, caller, async (own) => {
          const done = await work(own)
          span?.setAttributes(toSpanAttributes(done[1].event))
          return done
        }),
      ),
  }
}
