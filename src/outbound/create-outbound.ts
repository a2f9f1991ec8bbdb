/**
 * Outbound HTTP client: the only module that opens connections to MCP servers.
 * Addresses are checked in the connection's own DNS lookup, which prevents DNS rebinding.
 */
import type { LookupFunction } from 'node:net'
import { callbackify } from 'node:util'

import { LRUCache } from 'lru-cache'
import type { Dispatcher } from 'undici'

import {
  normalizeHost,
  isAddress,
  isAllowedHost,
  isLocalName,
  isAllowedAddress,
  isPublicAddress,
  parseAllowList,
  parsePort,
} from '../lib/network/address.js'
import { ConnectionPools, type Destination } from './connection-pools.js'
import { DnsLookups, systemLookup, type LookupLimits, type DnsLookup, type ResolvedAddress } from './name-lookups.js'
import { OutboundError, toOutboundError } from './outbound-error.js'
import type { Outbound, OutboundRequest, OutboundResponse } from './outbound.js'
import { sendRequest } from './send-request.js'

/** Maximum redirects of one request. */
const maxRedirects = 3

/** Connect timeout in milliseconds. A connection attempt of an aborted request ends only then. */
const connectTimeoutMs = 10_000

/** Cached URLs that passed validation of their text, which depends only on the configuration. */
const maxCachedUrls = 1000

export interface OutboundOptions {
  /** `KEYHOUSE_OUTBOUND_ALLOW`. */
  readonly allowed: readonly string[]
  readonly lookups: LookupLimits
  /** Maximum pooled connections. */
  readonly maxConnections: number
  readonly resolve?: DnsLookup
}

/** Creates the outbound HTTP client. @throws Error for an invalid allow-list entry */
export function createOutbound({ allowed, lookups: limits, maxConnections, resolve = systemLookup }: OutboundOptions): Outbound {
  const allowList = parseAllowList(allowed)
  const lookups = new DnsLookups(resolve, limits)

  async function resolveAllowed(host: string, { organizationId, origin }: Destination): Promise<readonly ResolvedAddress[]> {
    const addresses = await lookups.resolve(organizationId, host)
    const port = parsePort(new URL(origin))
    // Reject the host if any resolved address is disallowed: an attacker may mix both kinds.
    const isDisallowed = ({ address }: ResolvedAddress): boolean => !isPublicAddress(address) && !isAllowedAddress(allowList, address, port)
    if (!isAllowedHost(allowList, host, port) && addresses.some(isDisallowed)) throw new OutboundError('URL_NOT_ALLOWED')
    return addresses
  }

  const guardedLookup =
    (destination: Destination): LookupFunction =>
    (host, { all }, done) =>
      callbackify(resolveAllowed)(host, destination, (error, addresses) => {
        const [first] = addresses ?? []
        if (!first) done(error ?? new Error('the host name cannot be resolved'), '')
        else if (all) done(null, [...addresses])
        else done(null, first.address, first.family)
      })

  const validateUrl = (url: URL): string | undefined => {
    const host = normalizeHost(url.hostname)
    const port = parsePort(url)
    if (isAllowedHost(allowList, host, port) || isAllowedAddress(allowList, host, port)) return undefined
    if (url.protocol !== 'https:') return 'must be an https URL. To allow http, add the host to KEYHOUSE_OUTBOUND_ALLOW'
    // A literal address needs no DNS lookup, so it is checked here.
    if (isAddress(host) ? isPublicAddress(host) : !isLocalName(host)) return undefined
    return 'must not lead to a loopback, private, link-local or reserved address. To allow it, add the host to KEYHOUSE_OUTBOUND_ALLOW'
  }

  const pools = new ConnectionPools(
    (destination) => ({ lookup: guardedLookup(destination), rejectUnauthorized: true, timeout: connectTimeoutMs }),
    maxConnections,
  )

  function assertAllowed(text: string): URL {
    const url = new URL(text)
    if (validateUrl(url) !== undefined) throw new OutboundError('URL_NOT_ALLOWED')
    return url
  }
  const allowedUrls = new LRUCache<string, URL>({ max: maxCachedUrls, memoMethod: assertAllowed })

  async function sendOnce(url: URL, request: OutboundRequest): Promise<OutboundResponse> {
    const { method, credential, body, signal, organizationId, poolKey } = request
    const headers = Object.entries(request.headers).flat()
    for (const [name, value] of Object.entries(credential ?? {})) {
      // Protocol headers take precedence over credential headers.
      if (!Object.hasOwn(request.headers, name.toLowerCase())) headers.push(name, value)
    }
    const options: Dispatcher.DispatchOptions = { origin: url.origin, path: url.pathname + url.search, method, headers, idempotent: false }
    if (body !== undefined) options.body = body
    const destination = { origin: url.origin, organizationId }
    try {
      return await sendRequest(poolKey === undefined ? pools.single(destination) : pools.of(destination, poolKey), options, request)
    } catch (error) {
      if (poolKey !== undefined) pools.failed(destination, poolKey)
      throw toOutboundError(error, signal)
    }
  }

  return {
    validateUrl: (text) => validateUrl(new URL(text)),

    close: () => pools.close(),

    async send(text, request) {
      let url = allowedUrls.memo(text)
      for (let redirects = 0; ; redirects++) {
        const response = await sendOnce(url, request)
        const next = redirectTarget(response, url)
        if (!next) return response
        response.body.destroy()
        if (validateUrl(next) !== undefined || (next.origin !== url.origin && request.credential))
          throw new OutboundError('URL_NOT_ALLOWED')
        // Only 307 and 308 keep method and body (RFC 9110 §15.4.8, §15.4.9).
        if (request.followRedirects === false || ![307, 308].includes(response.statusCode) || redirects === maxRedirects)
          throw new OutboundError('PROTOCOL_ERROR')
        url = next
      }
    },
  }
}

function redirectTarget({ statusCode, headers }: OutboundResponse, from: URL): URL | undefined {
  const { location } = headers
  if (statusCode < 301 || statusCode > 308 || location === undefined) return undefined
  if (!URL.canParse(location, from.href)) throw new OutboundError('PROTOCOL_ERROR')
  return new URL(location, from.href)
}
