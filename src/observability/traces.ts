/**
 * OpenTelemetry spans. Without a collector, no package is loaded and nothing is wrapped.
 * Attributes hold no text of a caller or tenant: only schema names, closed lists, ids, numbers and the called host.
 * Error messages are not recorded, since they may contain anything.
 */
import { AsyncLocalStorage } from 'node:async_hooks'

import type { Attributes, Span, SpanKind, Tracer } from '@opentelemetry/api'
import type { Sampler, SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace'
import type { Logger } from 'pino'

import type { TracesConfig } from '../config/traces-config.js'
import { DomainError, RequestError } from '../lib/errors.js'
import { version } from '../lib/version.js'

/** Maximum milliseconds that the shutdown waits for the collector. */
const maxFlushMs = 2000

const load = async () => ({
  api: await import('@opentelemetry/api'),
  core: await import('@opentelemetry/core'),
  sdk: await import('@opentelemetry/sdk-trace'),
  resources: await import('@opentelemetry/resources'),
  otlp: await import('@opentelemetry/exporter-trace-otlp-proto'),
})
type Packages = Awaited<ReturnType<typeof load>>

/** Value of `error.type`: the code of the error, or its class; never its message. */
function errorType(error: unknown): string {
  const code: unknown = Reflect.get(Object(error), 'code')
  if (typeof code === 'string' && /^[A-Z0-9][A-Z0-9_]{2,63}$/.test(code)) return code
  return error instanceof Error ? error.constructor.name : '_OTHER'
}

/** True for a refusal, which is not a failure of this server. */
const isRefusal = (error: unknown): boolean => error instanceof DomainError || (error instanceof RequestError && error.status < 500)

export class Traces {
  readonly #active = new AsyncLocalStorage<Span>()
  readonly #tracer: Tracer

  constructor(
    private readonly packages: Packages,
    private readonly provider: TracerProvider,
  ) {
    this.#tracer = provider.getTracer('keyhouse', version)
  }

  /** Starts the server span of a request, below the caller's `traceparent` (W3C Trace Context §3.2). Drops `tracestate`. */
  startRequestSpan(name: string, attributes: Attributes, traceparent: string | undefined): Span {
    const { api, core } = this.packages
    const remoteContext = traceparent === undefined ? null : core.parseTraceParent(traceparent)
    const parentContext = remoteContext
      ? api.trace.setSpanContext(api.ROOT_CONTEXT, { ...remoteContext, isRemote: true })
      : api.ROOT_CONTEXT
    return this.#tracer.startSpan(name, { kind: api.SpanKind.SERVER, attributes }, parentContext)
  }

  /** Runs `work` with the span as the active one, for its asynchronous continuations too. */
  runInSpan(span: Span, work: () => void): void {
    this.#active.run(span, work)
  }

  /** Runs `work` in a child of the active span; without an active, recording span it runs without one. */
  async withChildSpan<T>(name: string, kind: keyof typeof SpanKind, attributes: Attributes, work: (span?: Span) => Promise<T>): Promise<T> {
    const parent = this.#active.getStore()
    if (!parent?.isRecording()) return work()
    const { api } = this.packages
    const span = this.#tracer.startSpan(name, { kind: api.SpanKind[kind], attributes }, api.trace.setSpan(api.ROOT_CONTEXT, parent))
    try {
      return await work(span)
    } catch (error) {
      if (isRefusal(error)) span.setAttribute('keyhouse.refusal', errorType(error))
      else this.markError(span, errorType(error))
      throw error
    } finally {
      span.end()
    }
  }

  markError(span: Span, type: string): void {
    span.setAttribute('error.type', type).setStatus({ code: this.packages.api.SpanStatusCode.ERROR })
  }

  /** Exports the buffered spans, for at most 2 seconds. */
  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, maxFlushMs)
    await Promise.race([this.provider.shutdown().catch(() => undefined), promise])
    clearTimeout(timer)
  }
}

function createSampler({ sdk }: Packages, { sampler, ratio }: TracesConfig): Sampler {
  const root = sampler.endsWith('always_on')
    ? new sdk.AlwaysOnSampler()
    : sampler.endsWith('always_off')
      ? new sdk.AlwaysOffSampler()
      : new sdk.TraceIdRatioBasedSampler(ratio)
  return sampler.startsWith('parentbased_') ? new sdk.ParentBasedSampler({ root }) : root
}

/** Logs start and end of a collector outage, with one line each. */
function withOutageLogging({ core }: Packages, exporter: SpanExporter, log: Logger): SpanExporter {
  let isOutage = false
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const hasFailed = result.code !== core.ExportResultCode.SUCCESS
        const reason: unknown = Reflect.get(Object(result.error), 'code') ?? result.error?.name
        if (hasFailed && !isOutage) log.warn({ reason }, 'trace export failed; spans are dropped until the collector accepts them')
        if (isOutage && !hasFailed) log.info('trace export recovered')
        isOutage = hasFailed
        done(result)
      })
    },
    shutdown: () => exporter.shutdown(),
  }
}

/** Loads the OpenTelemetry packages and starts the batched export. */
export async function createTraces(config: TracesConfig, log: Logger): Promise<Traces> {
  const packages = await load()
  const { sdk, resources, otlp } = packages
  const { url, headers, timeout, delay } = config
  const exporter = new otlp.OTLPTraceExporter({ url, headers: { ...headers }, timeoutMillis: timeout })
  const provider = new sdk.TracerProvider({
    resource: resources.defaultResource().merge(resources.resourceFromAttributes({ 'service.version': version, ...config.resource })),
    sampler: createSampler(packages, config),
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter: withOutageLogging(packages, exporter, log), scheduledDelayMillis: delay })],
  })
  return new Traces(packages, provider)
}
