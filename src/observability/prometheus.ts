/** Counters, gauges and histograms, and the text that Prometheus reads (its text exposition format, version 0.0.4). */

/** Of one metric. What would be one more is counted under {@link overflow}, so that no caller can fill the memory with labels. */
export const maxSeries = 1000
export const overflow = '(other)'

export const contentType = 'text/plain; version=0.0.4; charset=utf-8'

/** Label values in the order of the label names, and the value. */
export type Sample = readonly [labels: readonly string[], value: number]

const escaped = (value: string): string =>
  value
    .replaceAll('\\', String.raw`\\`)
    .replaceAll('\n', String.raw`\n`)
    .replaceAll('"', String.raw`\"`)

const labelled = (names: readonly string[], values: readonly string[]): string =>
  names.length === 0 ? '' : `{${names.map((name, i) => `${name}="${escaped(values[i] ?? '')}"`).join(',')}}`

/** A metric with all of its series. */
abstract class Family<S extends { readonly labels: readonly string[] }> {
  protected readonly series = new Map<string, S>()

  constructor(
    readonly name: string,
    readonly help: string,
    readonly type: 'counter' | 'gauge' | 'histogram',
    protected readonly labelNames: readonly string[],
  ) {}

  protected abstract begin(labels: readonly string[]): S
  abstract lines(): readonly string[] | Promise<readonly string[]>

  protected at(labels: readonly string[]): S {
    const key = labels.length === 1 ? labels[0]! : labels.join('\n')
    const known = this.series.get(key)
    if (known) return known
    const isFull = this.series.size >= maxSeries - 1
    const kept = isFull ? this.labelNames.map(() => overflow) : labels
    const keptKey = kept.join('\n')
    const one = this.series.get(keptKey) ?? this.begin(kept)
    this.series.set(keptKey, one)
    return one
  }

  async text(): Promise<string> {
    return [`# HELP ${this.name} ${this.help}`, `# TYPE ${this.name} ${this.type}`, ...(await this.lines())].join('\n')
  }
}

export class Counter extends Family<{ readonly labels: readonly string[]; value: number }> {
  constructor(name: string, help: string, labelNames: readonly string[] = []) {
    super(name, help, 'counter', labelNames)
  }

  add(...labels: readonly string[]): void {
    this.at(labels).value++
  }

  protected begin(labels: readonly string[]): { readonly labels: readonly string[]; value: number } {
    return { labels, value: 0 }
  }

  lines(): string[] {
    return [...this.series.values()].map(({ labels, value }) => `${this.name}${labelled(this.labelNames, labels)} ${value}`)
  }
}

interface Distribution {
  readonly labels: readonly string[]
  /** How many fell into each bucket, and not into a smaller one; the last is beyond them all. */
  readonly counts: Float64Array
  sum: number
}

export class Histogram extends Family<Distribution> {
  constructor(
    name: string,
    help: string,
    private readonly bounds: readonly number[],
    labelNames: readonly string[] = [],
  ) {
    super(name, help, 'histogram', labelNames)
  }

  observe(value: number, ...labels: readonly string[]): void {
    const one = this.at(labels)
    let i = 0
    while (i < this.bounds.length && value > this.bounds[i]!) i++
    one.counts[i]!++
    one.sum += value
  }

  protected begin(labels: readonly string[]): Distribution {
    return { labels, counts: new Float64Array(this.bounds.length + 1), sum: 0 }
  }

  lines(): string[] {
    return [...this.series.values()].flatMap(({ labels, counts, sum }) => {
      let total = 0
      const buckets = [...this.bounds.map(String), '+Inf'].map((bound, i) => {
        total += counts[i] ?? 0
        return `${this.name}_bucket${labelled([...this.labelNames, 'le'], [...labels, bound])} ${total}`
      })
      const own = labelled(this.labelNames, labels)
      return [...buckets, `${this.name}_sum${own} ${sum}`, `${this.name}_count${own} ${total}`]
    })
  }
}

/** Read when it is asked for. */
export class CallbackMetric {
  constructor(
    readonly name: string,
    readonly help: string,
    readonly type: 'counter' | 'gauge',
    private readonly labelNames: readonly string[],
    private readonly read: () => readonly Sample[] | Promise<readonly Sample[]>,
  ) {}

  async text(): Promise<string> {
    const samples = (await this.read()).map(([labels, value]) => `${this.name}${labelled(this.labelNames, labels)} ${value}`)
    return [`# HELP ${this.name} ${this.help}`, `# TYPE ${this.name} ${this.type}`, ...samples].join('\n')
  }
}
