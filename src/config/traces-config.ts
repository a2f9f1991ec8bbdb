/** Where spans go, and which: by the variables that OpenTelemetry's specification names, so that an operator need not learn others. */
import { withoutTrailing } from '../lib/trailing.js'
import type { EnvReader } from './env-reader.js'

const samplers = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const

export interface TracesConfig {
  readonly url: string
  /** They commonly hold the key of whoever keeps the traces. */
  readonly headers: Readonly<Record<string, string>>
  /** Milliseconds for one export, with all its attempts. */
  readonly timeout: number
  /** Milliseconds that a span may wait for others. */
  readonly delay: number
  readonly sampler: (typeof samplers)[number]
  readonly ratio: number
  /** What is said of this process in every export. */
  readonly resource: Readonly<Record<string, string>>
}

const byDefault = 'http://localhost:4318'

function endpoint(v: EnvReader, name: string): string | undefined {
  const text = v.text(name)
  if (text !== undefined && !/^https?:\/\/[^/]/.test(URL.canParse(text) ? text : '')) {
    v.addIssue(name, 'must be an absolute http or https URL, such as http://localhost:4318')
  }
  return text
}

function parseHeaders(v: EnvReader, name: string): Readonly<Record<string, string>> {
  const headers = v.pairs(name)
  // RFC 9110 §5.5: beyond Latin-1 there is no byte for a character.
  if (Object.values(headers).some((value) => /[^\t\u0020-\u007e\u0080-\u00ff]/.test(value)))
    v.addIssue(name, 'must have values that fit into a header')
  return headers
}

function parseRatio(v: EnvReader): number {
  const text = v.text('OTEL_TRACES_SAMPLER_ARG') ?? '1'
  const ratio = Number(text)
  if (ratio >= 0 && ratio <= 1) return ratio
  v.addIssue('OTEL_TRACES_SAMPLER_ARG', 'must be a number from 0 to 1')
  return 1
}

/** What concerns traces alone wins over what concerns whatever is exported. */
function protocol(v: EnvReader): void {
  if (v.text('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL') === undefined)
    v.choice('OTEL_EXPORTER_OTLP_PROTOCOL', ['http/protobuf'], 'http/protobuf')
  else v.choice('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', ['http/protobuf'], 'http/protobuf')
}

/** Undefined unless an endpoint is named, or the exporter: by the letter every process would look for one on its own machine. */
export function readTraces(v: EnvReader): TracesConfig | undefined {
  if (v.text('OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return undefined
  const isNamed = v.text('OTEL_TRACES_EXPORTER') !== undefined
  if (v.choice('OTEL_TRACES_EXPORTER', ['otlp', 'none'], 'otlp') === 'none') return undefined
  const own = endpoint(v, 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT')
  const base = endpoint(v, 'OTEL_EXPORTER_OTLP_ENDPOINT')
  if (own === undefined && base === undefined && !isNamed) return undefined
  protocol(v)
  const timeout = v.integer('OTEL_EXPORTER_OTLP_TIMEOUT', 10_000, 1, 60_000)
  const name = v.text('OTEL_SERVICE_NAME')
  return {
    url: own ?? `${withoutTrailing(base ?? byDefault, '/')}/v1/traces`,
    headers: { ...parseHeaders(v, 'OTEL_EXPORTER_OTLP_HEADERS'), ...parseHeaders(v, 'OTEL_EXPORTER_OTLP_TRACES_HEADERS') },
    timeout: v.integer('OTEL_EXPORTER_OTLP_TRACES_TIMEOUT', timeout, 1, 60_000),
    delay: v.integer('OTEL_BSP_SCHEDULE_DELAY', 5000, 1, 60_000),
    sampler: v.choice('OTEL_TRACES_SAMPLER', samplers, 'parentbased_always_on'),
    ratio: parseRatio(v),
    resource: {
      'service.name': 'keyhouse',
      ...v.pairs('OTEL_RESOURCE_ATTRIBUTES'),
      ...(name === undefined ? {} : { 'service.name': name }),
    },
  }
}
