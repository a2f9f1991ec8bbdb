/** Journal with tracing: each commit and transaction is a span, including waits for its group, locks and the disk. */
import type { Traces } from '../observability/traces.js'
import type { EventDraft } from './chain.js'
import type { Journal } from './journal.js'

const toSpanAttributes = (event: EventDraft | null): Record<string, string> =>
  event ? { 'keyhouse.action': event.action, 'keyhouse.outcome': event.outcome } : {}

/** @param system value of the span attribute `db.system.name` */
export function tracedJournal(journal: Journal, traces: Traces, system: 'sqlite' | 'postgresql'): Journal {
  const database = { 'db.system.name': system }
  return {
    exclusive: (em, work) => journal.exclusive(em, work),
    writeBackground: (changes) => journal.writeBackground(changes),
    close: () => journal.close(),

    commit: (entry) =>
      traces.withChildSpan('journal.commit', 'INTERNAL', { ...database, ...toSpanAttributes(entry.event) }, () => journal.commit(entry)),

    transaction: (em, actor, work) =>
      traces.withChildSpan('journal.transaction', 'INTERNAL', database, (span) =>
        journal.transaction(em, actor, async (own) => {
          const outcome = await work(own)
          span?.setAttributes(toSpanAttributes(outcome[1].event))
          return outcome
        }),
      ),
  }
}
