/** Metrics of prom-client in one registry, with a limit on the series of each metric. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** Maximum series of one metric. Further ones count as {@link overflow}, so that no caller can fill the memory with labels. */
export const maxSeries = 1000
export const overflow = '(other)'

export const contentType = Registry.PROMETHEUS_CONTENT_TYPE

/** Label values in the order of the label names, then the value of the sample. */
export type Sample = readonly [labels: readonly string[], value: number]

type ReadSamples = () => readonly Sample[] | Promise<readonly Sample[]>

/** Returns the series of these label values, in the order of the label names. */
type FindSeries<Series> = (...labels: readonly string[]) => Series

function limitSeries<Series>(labelNames: readonly string[], createSeries: FindSeries<Series>): FindSeries<Series> {
  const known = new Map<string, Series>()
  const rest = labelNames.map(() => overflow)
  return (...labels) => {
    const key = labels.join('\n')
    const existing = known.get(key)
    if (existing) return existing
    // One series is left for the rest.
    if (known.size >= maxSeries - 1) return createSeries(...rest)
    const series = createSeries(...labels)
    known.set(key, series)
    return series
  }
}

/** The metrics of one app: prom-client's global registry would mix those of several apps in one process. */
export class MetricRegistry {
  readonly #registry = new Registry()

  counter(name: string, help: string, labelNames: readonly string[]): FindSeries<Counter.Internal> {
    const counter = new Counter({ name, help, labelNames, registers: [this.#registry] })
    return limitSeries(labelNames, (...labels) => counter.labels(...labels))
  }

  histogram(
    name: string,
    help: string,
    buckets: readonly number[],
    labelNames: readonly string[] = [],
  ): FindSeries<Histogram.Internal<string>> {
    const histogram = new Histogram({ name, help, labelNames, buckets: [...buckets], registers: [this.#registry] })
    return limitSeries(labelNames, (...labels) => histogram.labels(...labels))
  }

  /** Adds a gauge, whose callback runs at each scrape. */
  gauge(name: string, help: string, labelNames: readonly string[], read: ReadSamples): void {
    const gauge = new Gauge({
      name,
      help,
      labelNames,
      registers: [],
      async collect() {
        const samples = await read()
        // Synchronous from here: a concurrent scrape must not see half of the samples.
        gauge.reset()
        for (const [labels, value] of samples) gauge.labels(...labels).set(value)
      },
    })
    this.#registry.registerMetric(gauge)
  }

  /** Adds a counter, whose callback runs at each scrape. */
  callbackCounter(name: string, help: string, read: () => number): void {
    const counter = new Counter({
      name,
      help,
      registers: [],
      collect() {
        counter.reset()
        counter.inc(read())
      },
    })
    this.#registry.registerMetric(counter)
  }

  /** All metrics in the text exposition format. */
  text(): Promise<string> {
    return this.#registry.metrics()
  }
}
