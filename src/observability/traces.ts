/**
 * Spans, for whoever has named a collector. Without one nothing is loaded, and what could be traced is not even wrapped.
 * No attribute holds what a caller or a tenant wrote: words of the schema, of closed lists, ids and numbers of our own, and
 * the host that is called. Messages of errors may hold anything, so they are never told.
 */
import { AsyncLocalStorage } from 'node:async_hooks'

import type { Attributes, Span, SpanKind, Tracer } from '@opentelemetry/api'
import type { Sampler, SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace'
import type { Logger } from 'pino'

import type { TracesConfig } from '../config/traces-config.js'
import { DomainError, RequestError } from '../lib/errors.js'
import { version } from '../lib/version.js'

/** Milliseconds that the end waits for a collector. */
const maxFlushMs = 2000

const load = async () => ({
  api: await import('@opentelemetry/api'),
  core: await import('@opentelemetry/core'),
  sdk: await import('@opentelemetry/sdk-trace'),
  resources: await import('@opentelemetry/resources'),
  otlp: await import('@opentelemetry/exporter-trace-otlp-proto'),
})
type Packages = Awaited<ReturnType<typeof load>>

/** A code of ours, of the system or of a database, or the class: never a text. */
function errorType(error: unknown): string {
  const code: unknown = Reflect.get(Object(error), 'code')
  if (typeof code === 'string' && /^[A-Z0-9][A-Z0-9_]{2,63}$/.test(code)) return code
  return error instanceof Error ? error.constructor.name : '_OTHER'
}

/** That a caller was told no is not a fault of this server. */
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

  /** The span of a whole request, below the caller's if there is one (W3C Trace Context §3.2). What else a caller adds is dropped. */
  startRequestSpan(name: string, attributes: Attributes, traceparent: string | undefined): Span {
    const { api, core } = this.packages
    const caller = traceparent === undefined ? null : core.parseTraceParent(traceparent)
    const above = caller ? api.trace.setSpanContext(api.ROOT_CONTEXT, { ...caller, isRemote: true }) : api.ROOT_CONTEXT
    return this.#tracer.startSpan(name, { kind: api.SpanKind.SERVER, attributes }, above)
  }

  /** What `work` does, now and later, is done for this span. */
  runInSpan(span: Span, work: () => void): void {
    this.#active.run(span, work)
  }

  /** Below the request that is being answered; outside of one, or when nobody wants it, there is no span. */
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

  /** Sends what has gathered, and waits no longer than is fair. */
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

/** One line when the collector begins to fail, and one when it is back. */
function withOutageLogging({ core }: Packages, exporter: SpanExporter, log: Logger): SpanExporter {
  let isLosing = false
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const isLost = result.code !== core.ExportResultCode.SUCCESS
        const reason: unknown = Reflect.get(Object(result.error), 'code') ?? result.error?.name
        if (isLost && !isLosing) log.warn({ reason }, 'the collector takes no traces; they are dropped until it does')
        if (isLosing && !isLost) log.info('the collector takes traces again')
        isLosing = isLost
        done(result)
      })
    },
    shutdown: () => exporter.shutdown(),
  }
}

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
