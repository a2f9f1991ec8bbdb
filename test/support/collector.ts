/** A trace collector over OTLP/HTTP that decodes the protobuf fields that the tests check. */
import { gunzipSync } from 'node:zlib'

import { listen, type Listening } from './local-server.js'

/** Decodes one protobuf message into its fields by number. */
function fieldsOf(bytes: Buffer): Map<number, (Buffer | bigint)[]> {
  const fields = new Map<number, (Buffer | bigint)[]>()
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]!
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  const take = (length: number): Buffer => bytes.subarray(at, (at += length))
  while (at < bytes.length) {
    const key = Number(varint())
    const form = key & 7
    const value = form === 0 ? varint() : take(form === 2 ? Number(varint()) : form === 1 ? 8 : 4)
    fields.set(key >> 3, [...(fields.get(key >> 3) ?? []), value])
  }
  return fields
}

const messages = (bytes: Buffer, field: number): Buffer[] => (fieldsOf(bytes).get(field) ?? []) as Buffer[]
const message = (bytes: Buffer, field: number): Buffer => messages(bytes, field)[0] ?? Buffer.alloc(0)

function valueOf(bytes: Buffer): unknown {
  const [[form, [value]] = [0, []]] = [...fieldsOf(bytes)] as [number, (Buffer | bigint)[]][]
  if (form === 1) return String(value)
  if (form === 5) return messages(value as Buffer, 1).map(valueOf)
  return Number(value)
}

const attributesOf = (bytes: Buffer, field: number): Record<string, unknown> =>
  Object.fromEntries(messages(bytes, field).map((pair) => [message(pair, 1).toString(), valueOf(message(pair, 2))]))

export interface CollectedSpan {
  readonly traceId: string
  readonly spanId: string
  /** Empty for a root span. */
  readonly parentId: string
  readonly name: string
  /** 1 internal, 2 server, 3 client. */
  readonly kind: number
  readonly attributes: Readonly<Record<string, unknown>>
  /** 0 unset, 2 error. */
  readonly status: number
  readonly events: number
}

const spanOf = (bytes: Buffer): CollectedSpan => ({
  traceId: message(bytes, 1).toString('hex'),
  spanId: message(bytes, 2).toString('hex'),
  parentId: message(bytes, 4).toString('hex'),
  name: message(bytes, 5).toString(),
  kind: Number(fieldsOf(bytes).get(6)?.[0] ?? 0),
  attributes: attributesOf(bytes, 9),
  status: Number(fieldsOf(message(bytes, 15)).get(3)?.[0] ?? 0),
  events: messages(bytes, 11).length,
})

export interface Collector extends Listening {
  readonly spans: CollectedSpan[]
  readonly resources: Record<string, unknown>[]
  /** All received requests. */
  readonly requests: { readonly url: string; readonly headers: Readonly<Record<string, unknown>>; readonly body: Buffer }[]
}

export async function collector(status: () => number = () => 200): Promise<Collector> {
  const spans: CollectedSpan[] = []
  const resources: Record<string, unknown>[] = []
  const requests: Collector['requests'] = []
  const listening = await listen(async (incoming, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk)
    const sent = Buffer.concat(chunks)
    const body = incoming.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent
    requests.push({ url: incoming.url ?? '', headers: incoming.headers, body })
    for (const ofResource of messages(body, 1)) {
      resources.push(attributesOf(message(ofResource, 1), 1))
      for (const ofScope of messages(ofResource, 2)) spans.push(...messages(ofScope, 2).map(spanOf))
    }
    response.writeHead(status(), { 'content-type': 'application/x-protobuf' }).end()
  })
  return { ...listening, spans, resources, requests }
}
