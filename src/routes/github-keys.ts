/** Public keys of GitHub's secret scanning: from the configuration, or from the URL where GitHub publishes them. */
import type { KeyObject } from 'node:crypto'

import type { Services } from '../context/services.js'
import { parseP256Key } from '../lib/crypto/p256-key.js'
import { RequestError } from '../lib/errors.js'
import type { OutboundResponse } from '../outbound/outbound.js'

/** Milliseconds after which the keys are fetched again, so that a withdrawn key ends. */
const maxAgeMs = 3_600_000
/** Milliseconds between two fetches for unknown identifiers, which anybody can send. */
const minIntervalMs = 60_000
/** Milliseconds until the next attempt after a failed one. */
const retryMs = 10_000
const timeoutMs = 10_000
const maxDocumentBytes = 262_144

/** Keys that may have made a signature with this identifier. @throws RequestError UNAVAILABLE */
export type GithubKeys = (identifier: string) => Promise<readonly KeyObject[]>

type PublishedKeys = ReadonlyMap<string, KeyObject>

export function createGithubKeys(services: Services): GithubKeys {
  const { secretScanningKeys: source } = services.config
  if (!source) return () => Promise.resolve([])
  if ('keys' in source) return () => Promise.resolve(source.keys)
  let cached: { readonly keys: Promise<PublishedKeys>; readonly fetchedAt: number; expiresAt: number } | undefined
  const read = (minAgeMs: number): Promise<PublishedKeys> => {
    const now = services.clock().getTime()
    if (cached && now < cached.expiresAt && now < cached.fetchedAt + minAgeMs) return cached.keys
    const entry = { keys: fetchKeys(services, source.url), fetchedAt: now, expiresAt: now + maxAgeMs }
    entry.keys.catch(() => (entry.expiresAt = now + retryMs))
    cached = entry
    return entry.keys
  }
  return async (identifier) => {
    const key = (await read(maxAgeMs)).get(identifier) ?? (await read(minIntervalMs)).get(identifier)
    return key ? [key] : []
  }
}

async function fetchKeys({ outbound, log }: Services, url: string): Promise<PublishedKeys> {
  try {
    const response = await outbound.send(url, {
      organizationId: '',
      method: 'GET',
      headers: { accept: 'application/json' },
      credential: null,
      signal: AbortSignal.timeout(timeoutMs),
    })
    return parseDocument(await readBody(response))
  } catch (error) {
    log.warn({ err: error }, 'the keys of secret scanning cannot be fetched')
    throw new RequestError('UNAVAILABLE', 'The public keys of GitHub cannot be fetched. Send the report again later.', {
      'retry-after': '60',
    })
  }
}

async function readBody({ statusCode, body }: OutboundResponse): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > maxDocumentBytes) break
      chunks.push(chunk)
    }
  } finally {
    body.destroy()
  }
  if (statusCode !== 200 || size > maxDocumentBytes) throw new TypeError(`no key document: status ${statusCode}, ${size} bytes`)
  return Buffer.concat(chunks).toString()
}

/** `{ "public_keys": [{ "key_identifier", "key", "is_current" }] }`, the form of GitHub's REST API. */
function parseDocument(text: string): PublishedKeys {
  const { public_keys: entries } = JSON.parse(text) as { public_keys: readonly { key_identifier: unknown; key: unknown }[] }
  return new Map(
    entries.flatMap(({ key_identifier: identifier, key: pem }) => {
      const key = parseP256Key(String(pem))
      return key ? [[String(identifier), key] as const] : []
    }),
  )
}
