/**
 * Prometheus metrics of the server.
 * Label values come from the schema, from closed lists or from the configuration, never from a caller.
 */
import { version } from '../lib/version.js'
import { Counter, Histogram, CallbackMetric, type Sample } from './prometheus.js'

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

export class Metrics {
  private readonly requests = new Counter(
    'keyhouse_requests_total',
    'Requests answered, by route, operation and code of the first error.',
    ['route', 'operation', 'code'],
  )
  private readonly latencies = new Histogram(
    'keyhouse_request_seconds',
    'Time from the first byte of a request to the last of its answer.',
    requestBounds,
    ['route', 'operation'],
  )
  private readonly refusals = new Counter('keyhouse_refusals_total', 'Refusals by code, those in userErrors of mutations too.', [
    'operation',
    'code',
  ])
  private readonly groupEntries = new Histogram('keyhouse_group_commit_entries', 'Entries that share one commit.', entryBounds)
  private readonly groupSeconds = new Histogram(
    'keyhouse_group_commit_seconds',
    'Time that one group commit takes, its fsync included.',
    commitBounds,
  )
  private readonly writeBehindFailures = new Counter(
    'keyhouse_write_behind_failures_total',
    'Writes of what is behind that failed and are tried again.',
    ['source'],
  )
  private readonly outbound = new Counter('keyhouse_outbound_requests_total', 'Requests to MCP servers, by how they ended.', ['outcome'])
  private readonly outboundTimes = new Histogram(
    'keyhouse_outbound_seconds',
    'Time until the headers of an MCP server, or the failure.',
    outboundBounds,
  )
  private readonly families: (Counter | Histogram | CallbackMetric)[] = [
    this.requests,
    this.latencies,
    this.refusals,
    this.groupEntries,
    this.groupSeconds,
    this.writeBehindFailures,
    this.outbound,
    this.outboundTimes,
  ]

  constructor() {
    this.gauge('keyhouse_build_info', 'The version that runs.', ['version'], () => [[[version], 1]])
    this.gauge('process_resident_memory_bytes', 'Resident memory.', [], () => [[[], process.memoryUsage.rss()]])
    this.addCallbackMetric('process_cpu_seconds_total', 'CPU time, user and system.', 'counter', [], () => {
      const { user, system } = process.cpuUsage()
      return [[[], (user + system) / 1e6]]
    })
  }

  observeRequest({ route, operation, codes, seconds }: RequestObservation): void {
    const label = operationLabel(operation)
    const routeLabel = route ?? '(none)'
    this.requests.add(routeLabel, label, codes?.[0] ?? ok)
    if (seconds !== undefined) this.latencies.observe(seconds, routeLabel, label)
    for (const code of codes ?? []) this.refusals.add(label, code)
  }

  /** Counts an error in the payload of a mutation. */
  countRefusal(operation: string, code: string): void {
    this.refusals.add(operation, code)
  }

  readonly observeCommit: CommitObserver = (entries, seconds) => {
    this.groupEntries.observe(entries)
    this.groupSeconds.observe(seconds)
  }

  readonly countWriteFailure = (source: string): void => {
    this.writeBehindFailures.add(source)
  }

  observeOutbound(outcome: string, seconds: number): void {
    this.outbound.add(outcome)
    this.outboundTimes.observe(seconds)
  }

  /** Adds a gauge, whose callback runs at each scrape. */
  gauge(name: string, help: string, labelNames: readonly string[], read: () => readonly Sample[] | Promise<readonly Sample[]>): void {
    this.addCallbackMetric(name, help, 'gauge', labelNames, read)
  }

  /** All metrics in the text exposition format. */
  async text(): Promise<string> {
    const texts = await Promise.all(this.families.map((family) => family.text()))
    return `${texts.join('\n')}\n`
  }

  private addCallbackMetric(...args: ConstructorParameters<typeof CallbackMetric>): void {
    this.families.push(new CallbackMetric(...args))
  }
}
