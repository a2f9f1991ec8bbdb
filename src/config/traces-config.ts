/** Trace exporter and sampler settings, from the environment variables that the OpenTelemetry specification defines. */
import { trimTrailing } from '../lib/trailing.js'
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
  /** Headers of every export; they commonly hold the API key of the tracing backend. */
  readonly headers: Readonly<Record<string, string>>
  /** Milliseconds for one export, retries included. */
  readonly timeout: number
  /** Maximum milliseconds that a span waits for its batch. */
  readonly delay: number
  readonly sampler: (typeof samplers)[number]
  readonly ratio: number
  /** Resource attributes of every export. */
  readonly resource: Readonly<Record<string, string>>
}

const defaultEndpoint = 'http://localhost:4318'

function readEndpoint(reader: EnvReader, name: string): string | undefined {
  const text = reader.text(name)
  if (text !== undefined && !/^https?:\/\/[^/]/.test(URL.canParse(text) ? text : '')) {
    reader.rejectVariable(name, 'must be an absolute http or https URL, such as http://localhost:4318')
  }
  return text
}

function parseHeaders(reader: EnvReader, name: string): Readonly<Record<string, string>> {
  const headers = reader.pairs(name)
  // RFC 9110 §5.5: a header value cannot hold a character beyond Latin-1.
  if (Object.values(headers).some((value) => /[^\t\u0020-\u007e\u0080-\u00ff]/.test(value)))
    reader.rejectVariable(name, 'must have values that an HTTP header can hold: printable Latin-1 characters')
  return headers
}

function parseRatio(reader: EnvReader): number {
  const text = reader.text('OTEL_TRACES_SAMPLER_ARG') ?? '1'
  const ratio = Number(text)
  if (ratio >= 0 && ratio <= 1) return ratio
  reader.rejectVariable('OTEL_TRACES_SAMPLER_ARG', 'must be a number from 0 to 1')
  return 1
}

/** The variable for traces overrides the general one. */
function validateProtocol(reader: EnvReader): void {
  if (reader.text('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL') === undefined)
    reader.choice('OTEL_EXPORTER_OTLP_PROTOCOL', ['http/protobuf'], 'http/protobuf')
  else reader.choice('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', ['http/protobuf'], 'http/protobuf')
}

/**
 * Undefined unless an endpoint or the exporter is set.
 * By the specification's defaults, every process would export to a collector on localhost.
 */
export function readTraces(reader: EnvReader): TracesConfig | undefined {
  if (reader.text('OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return undefined
  const isExporterSet = reader.text('OTEL_TRACES_EXPORTER') !== undefined
  if (reader.choice('OTEL_TRACES_EXPORTER', ['otlp', 'none'], 'otlp') === 'none') return undefined
  const tracesEndpoint = readEndpoint(reader, 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT')
  const baseEndpoint = readEndpoint(reader, 'OTEL_EXPORTER_OTLP_ENDPOINT')
  if (tracesEndpoint === undefined && baseEndpoint === undefined && !isExporterSet) return undefined
  validateProtocol(reader)
  const timeout = reader.integer('OTEL_EXPORTER_OTLP_TIMEOUT', 10_000, 1, 60_000)
  const serviceName = reader.text('OTEL_SERVICE_NAME')
  return {
    url: tracesEndpoint ?? `${trimTrailing(baseEndpoint ?? defaultEndpoint, '/')}/v1/traces`,
    headers: { ...parseHeaders(reader, 'OTEL_EXPORTER_OTLP_HEADERS'), ...parseHeaders(reader, 'OTEL_EXPORTER_OTLP_TRACES_HEADERS') },
    timeout: reader.integer('OTEL_EXPORTER_OTLP_TRACES_TIMEOUT', timeout, 1, 60_000),
    delay: reader.integer('OTEL_BSP_SCHEDULE_DELAY', 5000, 1, 60_000),
    sampler: reader.choice('OTEL_TRACES_SAMPLER', samplers, 'parentbased_always_on'),
    ratio: parseRatio(reader),
    resource: {
      'service.name': 'keyhouse',
      ...reader.pairs('OTEL_RESOURCE_ATTRIBUTES'),
      ...(serviceName === undefined ? {} : { 'service.name': serviceName }),
    },
  }
}
