/**
 * Prometheus metrics of the server.
 * Label values come from the schema, from closed lists or from the configuration, never from a caller.
 */
import { version } from '../lib/version.js'
import { MetricRegistry } from './prometheus.js'

const requestBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]
const outboundBounds = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
const commitBounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5]
const entryBounds = [1, 2, 5, 10, 20, 50, 100, 200]

/** Value of the label `code` for a request without an error. */
const ok = 'OK'

/** Label of an operation: its root field, or `(several)`, since combinations of fields would make thousands of series. */
function operationLabel(operation: string | undefined): string {
  if (operation === undefined) return ''
  const [first = '', second, ...more] = operation.split(' ')
  return more.length > 0 ? '(several)' : (second ?? first)
}

/** Observes every attempted group commit: number of entries, and duration in seconds. */
export type CommitObserver = (entries: number, seconds: number) => void

/** Outcome of one request. */
export interface RequestObservation {
  /** Route pattern; null for an unknown route. */
  readonly route: string | null
  /** Operation type and root fields, as in the request log. */
  readonly operation: string | undefined
  readonly codes: readonly string[] | undefined
  /** Duration; undefined when the client had closed the connection. */
  readonly seconds: number | undefined
}

export class Metrics extends MetricRegistry {
  readonly #requests = this.counter('keyhouse_requests_total', 'Responses, by route, operation and code of the first error.', [
    'route',
    'operation',
    'code',
  ])
  readonly #latencies = this.histogram(
    'keyhouse_request_seconds',
    'Time from the first byte of a request to the last byte of its response.',
    requestBounds,
    ['route', 'operation'],
  )
  readonly #refusals = this.counter('keyhouse_refusals_total', 'Refusals by code, including userErrors of mutations.', [
    'operation',
    'code',
  ])
  readonly #groupEntries = this.histogram('keyhouse_group_commit_entries', 'Entries in one group commit.', entryBounds)
  readonly #groupSeconds = this.histogram('keyhouse_group_commit_seconds', 'Duration of one group commit, including fsync.', commitBounds)
  readonly #writeBehindFailures = this.counter(
    'keyhouse_write_behind_failures_total',
    'Write-behind flushes that failed and are retried.',
    ['source'],
  )
  readonly #outbound = this.counter('keyhouse_outbound_requests_total', 'Requests to MCP servers, by outcome.', ['outcome'])
  readonly #outboundSeconds = this.histogram(
    'keyhouse_outbound_seconds',
    'Time to the response headers of an MCP server, or to the failure.',
    outboundBounds,
  )

  constructor() {
    super()
    this.gauge('keyhouse_build_info', 'Version of the running process.', ['version'], () => [[[version], 1]])
    this.gauge('process_resident_memory_bytes', 'Resident memory.', [], () => [[[], process.memoryUsage.rss()]])
    this.callbackCounter('process_cpu_seconds_total', 'CPU time in user and system mode.', () => {
      const { user, system } = process.cpuUsage()
      return (user + system) / 1e6
    })
  }

  observeRequest({ route, operation, codes, seconds }: RequestObservation): void {
    const label = operationLabel(operation)
    const routeLabel = route ?? '(none)'
    this.#requests(routeLabel, label, codes?.[0] ?? ok).inc()
    if (seconds !== undefined) this.#latencies(routeLabel, label).observe(seconds)
    for (const code of codes ?? []) this.#refusals(label, code).inc()
  }

  /** Counts a refusal that is not the code of a response, such as an error in the payload of a mutation. */
  countRefusal(operation: string, code: string): void {
    this.#refusals(operation, code).inc()
  }

  readonly observeCommit: CommitObserver = (entries, seconds) => {
    this.#groupEntries().observe(entries)
    this.#groupSeconds().observe(seconds)
  }

  readonly countWriteFailure = (source: string): void => {
    this.#writeBehindFailures(source).inc()
  }

  observeOutbound(outcome: string, seconds: number): void {
    this.#outbound(outcome).inc()
    this.#outboundSeconds().observe(seconds)
  }
}
