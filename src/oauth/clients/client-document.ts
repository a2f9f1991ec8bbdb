/** Client ID Metadata Documents (draft-ietf-oauth-client-id-metadata-document-00): a client id that is the URL of its metadata. */
import { LRUCache } from 'lru-cache'

import type { Services } from '../../context/services.js'
import { OutboundError } from '../../outbound/outbound-error.js'
import { createOutboundFetch } from '../../outbound/outbound-fetch.js'
import { invalidMetadata, parseClientMetadata, type OAuthClient } from './client-metadata.js'

export const maxDocumentBytes = 5120
export const documentTimeoutMs = 2500
/** Bounds in seconds of the time that a document is cached for, and the time without a Cache-Control header. */
export const cacheSeconds = { min: 60, max: 86_400, default: 300 } as const

const maxUrlLength = 500
/** Cached documents of all tenants. */
const maxDocuments = 1000
/** Documents of one organization that are fetched at the same time: a stranger names the URLs. */
const maxFetches = 10

/** Whether the id has the form of a document's URL (§3): a path, and neither fragment, user name, nor dot segments. */
export function isDocumentUrl(id: string): boolean {
  if (id.length > maxUrlLength || !/^https?:\/\/[\x21-\x7E]+$/.test(id) || id.includes('#') || !URL.canParse(id)) return false
  const { href, pathname, username, password } = new URL(id)
  // A parser that changes the text, such as by resolving dot segments, would compare another id than it fetched.
  return href === id && pathname !== '/' && username === '' && password === ''
}

/** Host of a document, as `clientHosts` of a configuration has it. */
export const documentHost = (id: string): string => new URL(id).host

/** Methods that need a shared secret (§4.1), which a public document cannot hold. */
const secretMethods: ReadonlySet<unknown> = new Set(['client_secret_basic', 'client_secret_post', 'client_secret_jwt'])

function parseDocument(id: string, bytes: ArrayBuffer): OAuthClient {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw invalidMetadata('The document is not JSON.')
  }
  const { name, redirectUris } = parseClientMetadata(value)
  const {
    client_id: clientId,
    client_name: clientName,
    client_secret: secret,
    token_endpoint_auth_method: method,
  } = value as Record<string, unknown>
  if (clientId !== id) throw invalidMetadata('client_id in the document is not its URL.')
  if (clientName === undefined) throw invalidMetadata('The document has no client_name.')
  if (secret !== undefined || secretMethods.has(method)) throw invalidMetadata('The document uses a shared secret.')
  return { id, name, host: documentHost(id), redirectUris }
}

function cacheMs(cacheControl = ''): number {
  const [, seconds] = /(?:^|[\s,])max-age=(\d{1,9})/i.exec(cacheControl) ?? []
  const isUncacheable = /(?:^|[\s,])no-(?:store|cache)\b/i.test(cacheControl)
  const wanted = isUncacheable ? cacheSeconds.min : Number(seconds ?? cacheSeconds.default)
  return Math.min(Math.max(wanted, cacheSeconds.min), cacheSeconds.max) * 1000
}

/** Clients by document. Errors are not cached. */
export class ClientDocuments {
  readonly #cached = new LRUCache<string, { readonly client: OAuthClient; readonly expiresAt: number }>({ max: maxDocuments })
  readonly #running = new Map<string, Promise<OAuthClient>>()

  constructor(private readonly services: Pick<Services, 'outbound' | 'outboundConcurrency' | 'clock'>) {}

  /**
   * Concurrent requests for one document share its fetch. Each organization has its own entries: its limits apply to them.
   * @throws OAuthError for an invalid document, or OutboundError
   */
  async get(organizationId: string, id: string): Promise<OAuthClient> {
    const key = `${organizationId} ${id}`
    const cached = this.#cached.get(key)
    if (cached && cached.expiresAt > this.services.clock().getTime()) return cached.client
    const running = this.#running.get(key) ?? this.#fetch(organizationId, id, key).finally(() => this.#running.delete(key))
    this.#running.set(key, running)
    return running
  }

  async #fetch(organizationId: string, id: string, key: string): Promise<OAuthClient> {
    const { outbound, outboundConcurrency, clock } = this.services
    if (outbound.validateUrl(id) !== undefined) throw new OutboundError('URL_NOT_ALLOWED')
    const release = outboundConcurrency.acquire([[`client document ${organizationId}`, maxFetches]])
    if (!release) throw new OutboundError('TIMEOUT')
    try {
      const send = createOutboundFetch(outbound, organizationId, { maxBytes: maxDocumentBytes, timeoutMs: documentTimeoutMs })
      const response = await send(id, { method: 'GET', headers: { accept: 'application/json' } })
      if (response.status !== 200) throw new OutboundError('PROTOCOL_ERROR')
      const client = parseDocument(id, await response.arrayBuffer())
      this.#cached.set(key, { client, expiresAt: clock().getTime() + cacheMs(response.headers.get('cache-control') ?? '') })
      return client
    } finally {
      release()
    }
  }
}
