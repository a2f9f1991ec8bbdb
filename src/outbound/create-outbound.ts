/**
 * The one module that opens connections to elsewhere. Which addresses may be reached is decided where the connection is
 * made, on the very answer of the resolver that is connected to: a name cannot change its mind in between.
 */
import type { LookupFunction } from 'node:net'
import { callbackify } from 'node:util'

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
} from '../lib/address.js'
import { ConnectionPools, type Destination } from './connection-pools.js'
import { NameLookups, systemResolve, type LookupLimits, type DnsLookup, type Resolved } from './name-lookups.js'
import { OutboundError, toOutboundError } from './outbound-error.js'
import type { Outbound, OutboundRequest, OutboundResponse } from './outbound.js'
import { sendRequest } from './send-request.js'

/** How often an answer may send us on. */
const maxRedirects = 3

/** Milliseconds until a connection must stand: one that is given up before is only let go then. */
const timeoutMs = 10_000

/** URLs that are known to pass as far as their texts show, which nothing but the configuration can change. */
const maxCachedUrls = 1000

export interface OutboundOptions {
  /** `KEYHOUSE_OUTBOUND_ALLOW`. */
  readonly allowed: readonly string[]
  readonly lookups: LookupLimits
  /** Connections that are kept for the next request, at most. */
  readonly maxConnections: number
  readonly resolve?: DnsLookup
}

export function createOutbound({ allowed, lookups: limits, maxConnections, resolve = systemResolve }: OutboundOptions): Outbound {
  const list = parseAllowList(allowed)
  const lookups = new NameLookups(resolve, limits)

  async function reachable(host: string, { organizationId, origin }: Destination): Promise<readonly Resolved[]> {
    const answers = await lookups.resolve(organizationId, host)
    const port = parsePort(new URL(origin))
    // One bad answer spoils all: whoever mixes them hopes that the bad one is tried.
    const isBad = ({ address }: Resolved): boolean => !isPublicAddress(address) && !isAllowedAddress(list, address, port)
    if (!isAllowedHost(list, host, port) && answers.some(isBad)) throw new OutboundError('URL_NOT_ALLOWED')
    return answers
  }

  const guardedLookup =
    (destination: Destination): LookupFunction =>
    (host, { all }, done) =>
      callbackify(reachable)(host, destination, (error, answers) => {
        const [first] = answers ?? []
        if (!first) done(error ?? new Error('the name cannot be looked up'), '')
        else if (all) done(null, [...answers])
        else done(null, first.address, first.family)
      })

  const fault = (url: URL): string | undefined => {
    const host = normalizeHost(url.hostname)
    const port = parsePort(url)
    if (isAllowedHost(list, host, port) || isAllowedAddress(list, host, port)) return undefined
    if (url.protocol !== 'https:') return 'must be an https URL: http is for hosts and ports that KEYHOUSE_OUTBOUND_ALLOW names'
    // A literal address is never looked up, so this is where it is judged.
    if (isAddress(host) ? isPublicAddress(host) : !isLocalName(host)) return undefined
    return 'must not lead to a loopback, private, link-local or otherwise reserved address, unless KEYHOUSE_OUTBOUND_ALLOW names it'
  }

  const pools = new ConnectionPools(
    (destination) => ({ lookup: guardedLookup(destination), rejectUnauthorized: true, timeout: timeoutMs }),
    maxConnections,
  )

  const judged = new Map<string, URL>()
  function assertAllowed(text: string): URL {
    const known = judged.get(text)
    if (known) return known
    const url = new URL(text)
    if (fault(url) !== undefined) throw new OutboundError('URL_NOT_ALLOWED')
    if (judged.size >= maxCachedUrls) judged.clear()
    judged.set(text, url)
    return url
  }

  async function ask(url: URL, request: OutboundRequest): Promise<OutboundResponse> {
    const { method, credential, body, signal, organizationId, poolKey } = request
    const headers = Object.entries(request.headers).flat()
    for (const [name, value] of Object.entries(credential ?? {})) {
      // What proves who asks gives way to what the protocol needs.
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
    fault: (text) => fault(new URL(text)),

    close: () => pools.close(),

    async send(text, request) {
      let url = assertAllowed(text)
      for (let redirects = 0; ; redirects++) {
        const response = await ask(url, request)
        const next = redirectTarget(response, url)
        if (!next) return response
        response.body.destroy()
        if (fault(next) !== undefined || (next.origin !== url.origin && request.credential)) throw new OutboundError('URL_NOT_ALLOWED')
        // Only these two keep method and body (RFC 9110 §15.4.8, §15.4.9).
        if (![307, 308].includes(response.statusCode) || redirects === maxRedirects) throw new OutboundError('PROTOCOL_ERROR')
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
