/** Counters, gauges and histograms, and their Prometheus text exposition format, version 0.0.4. */

/** Maximum series of one metric. Further ones count as {@link overflow}, so that no caller can fill the memory with labels. */
export const maxSeries = 1000
export const overflow = '(other)'

export const contentType = 'text/plain; version=0.0.4; charset=utf-8'

/** Label values in the order of the label names, then the value of the sample. */
export type Sample = readonly [labels: readonly string[], value: number]

const escapeLabelValue = (value: string): string =>
  value
    .replaceAll('\\', String.raw`\\`)
    .replaceAll('\n', String.raw`\n`)
    .replaceAll('"', String.raw`\"`)

const formatLabels = (names: readonly string[], values: readonly string[]): string =>
  names.length === 0 ? '' : `{${names.map((name, i) => `${name}="${escapeLabelValue(values[i] ?? '')}"`).join(',')}}`

/** Metric family: one metric with all of its series. */
abstract class Family<S extends { readonly labels: readonly string[] }> {
  protected readonly series = new Map<string, S>()

  constructor(
    readonly name: string,
    readonly help: string,
    readonly type: 'counter' | 'gauge' | 'histogram',
    protected readonly labelNames: readonly string[],
  ) {}

  protected abstract createSeries(labels: readonly string[]): S
  abstract lines(): readonly string[] | Promise<readonly string[]>

  protected getSeries(labels: readonly string[]): S {
    const key = labels.length === 1 ? labels[0]! : labels.join('\n')
    const existing = this.series.get(key)
    if (existing) return existing
    const isFull = this.series.size >= maxSeries - 1
    const seriesLabels = isFull ? this.labelNames.map(() => overflow) : labels
    const seriesKey = seriesLabels.join('\n')
    const series = this.series.get(seriesKey) ?? this.createSeries(seriesLabels)
    this.series.set(seriesKey, series)
    return series
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
    this.getSeries(labels).value++
  }

  protected createSeries(labels: readonly string[]): { readonly labels: readonly string[]; value: number } {
    return { labels, value: 0 }
  }

  lines(): string[] {
    return [...this.series.values()].map(({ labels, value }) => `${this.name}${formatLabels(this.labelNames, labels)} ${value}`)
  }
}

interface Distribution {
  readonly labels: readonly string[]
  /** Observations by bucket, not cumulative; the last bucket is +Inf. */
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
    const series = this.getSeries(labels)
    let i = 0
    while (i < this.bounds.length && value > this.bounds[i]!) i++
    series.counts[i]!++
    series.sum += value
  }

  protected createSeries(labels: readonly string[]): Distribution {
    return { labels, counts: new Float64Array(this.bounds.length + 1), sum: 0 }
  }

  lines(): string[] {
    return [...this.series.values()].flatMap(({ labels, counts, sum }) => {
      let total = 0
      const buckets = [...this.bounds.map(String), '+Inf'].map((bound, i) => {
        total += counts[i] ?? 0
        return `${this.name}_bucket${formatLabels([...this.labelNames, 'le'], [...labels, bound])} ${total}`
      })
      const seriesLabels = formatLabels(this.labelNames, labels)
      return [...buckets, `${this.name}_sum${seriesLabels} ${sum}`, `${this.name}_count${seriesLabels} ${total}`]
    })
  }
}

/** Counter or gauge whose callback runs at each scrape. */
export class CallbackMetric {
  constructor(
    readonly name: string,
    readonly help: string,
    readonly type: 'counter' | 'gauge',
    private readonly labelNames: readonly string[],
    private readonly read: () => readonly Sample[] | Promise<readonly Sample[]>,
  ) {}

  async text(): Promise<string> {
    const samples = (await this.read()).map(([labels, value]) => `${this.name}${formatLabels(this.labelNames, labels)} ${value}`)
    return [`# HELP ${this.name} ${this.help}`, `# TYPE ${this.name} ${this.type}`, ...samples].join('\n')
  }
}
