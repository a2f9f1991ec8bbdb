/**
 * What an operator watches. No label holds anything that a caller chose: they are words of the schema, of closed lists, or
 * of the configuration.
 */
import { version } from '../lib/version.js'
import { Counter, Histogram, CallbackMetric, type Sample } from './prometheus.js'

const requestBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]
const outboundBounds = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
const commitBounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5]
const entryBounds = [1, 2, 5, 10, 20, 50, 100, 200]

/** The outcome of a request that was answered without an error of its own. */
const ok = 'OK'

/** `mutation createApiKey` is `createApiKey`; a document with several fields is one label, or their combinations would be thousands. */
function operationLabel(operation: string | undefined): string {
  if (operation === undefined) return ''
  const [first = '', second, ...more] = operation.split(' ')
  return more.length > 0 ? '(several)' : (second ?? first)
}

/** Told of every group commit that was tried: how many entries, and how long it took. */
export type GroupMeter = (entries: number, seconds: number) => void

export interface Answered {
  /** The route as it is written in the code; null: none. */
  readonly route: string | null
  /** As the request log has it. */
  readonly operation: string | undefined
  readonly codes: readonly string[] | undefined
  /** Undefined: nobody waited for the answer. */
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
  private readonly behindFailures = new Counter(
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
    this.behindFailures,
    this.outbound,
    this.outboundTimes,
  ]

  constructor() {
    this.gauge('keyhouse_build_info', 'The version that runs.', ['version'], () => [[[version], 1]])
    this.gauge('process_resident_memory_bytes', 'Resident memory.', [], () => [[[], process.memoryUsage.rss()]])
    this.reads('process_cpu_seconds_total', 'CPU time, user and system.', 'counter', [], () => {
      const { user, system } = process.cpuUsage()
      return [[[], (user + system) / 1e6]]
    })
  }

  observeRequest({ route, operation, codes, seconds }: Answered): void {
    const label = operationLabel(operation)
    const place = route ?? '(none)'
    this.requests.add(place, label, codes?.[0] ?? ok)
    if (seconds !== undefined) this.latencies.observe(seconds, place, label)
    for (const code of codes ?? []) this.refusals.add(label, code)
  }

  /** A mutation that said no in its payload. */
  countRefusal(operation: string, code: string): void {
    this.refusals.add(operation, code)
  }

  readonly observeCommit: GroupMeter = (entries, seconds) => {
    this.groupEntries.observe(entries)
    this.groupSeconds.observe(seconds)
  }

  readonly countWriteFailure = (source: string): void => {
    this.behindFailures.add(source)
  }

  observeOutbound(outcome: string, seconds: number): void {
    this.outbound.add(outcome)
    this.outboundTimes.observe(seconds)
  }

  /** Something that is read when it is asked for. */
  gauge(name: string, help: string, labelNames: readonly string[], read: () => readonly Sample[] | Promise<readonly Sample[]>): void {
    this.reads(name, help, 'gauge', labelNames, read)
  }

  /** All of it, for Prometheus. */
  async text(): Promise<string> {
    const texts = await Promise.all(this.families.map((family) => family.text()))
    return `${texts.join('\n')}\n`
  }

  private reads(...reading: ConstructorParameters<typeof CallbackMetric>): void {
    this.families.push(new CallbackMetric(...reading))
  }
}
