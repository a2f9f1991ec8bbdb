/**
 * The one module that opens connections to elsewhere. Which addresses may be reached is decided where the connection is
 * made, on the very answer of the resolver that is connected to: a name cannot change its mind in between.
 */
import { lookup } from 'node:dns/promises'
import type { LookupFunction } from 'node:net'
import { callbackify } from 'node:util'

import { Agent, errors, type Dispatcher } from 'undici'

import { bareHost, isAddress, isAllowedHost, isLocalName, isOpened, isPublicAddress, parseAllowList } from '../lib/address.js'
import type { Outbound, OutboundRequest, OutboundResponse } from '../outbound.js'
import { exchange } from './http-exchange.js'

/** How often an answer may send us on. */
const mostRedirects = 3

/**
 * Milliseconds that a connection stands idle for the next request: less than servers commonly wait before they close it,
 * since a call that is lost with it must not be made again. A server that says how long it waits is believed.
 */
const idle = 4000

/** Milliseconds until a connection must stand: one that is given up before is only let go then. */
const patience = 10_000

/** URLs that are known to pass as far as their texts show, which nothing but the configuration can change. */
const mostJudged = 1000

const messages = {
  CONNECTION_FAILED: 'The server could not be reached, or the connection broke.',
  TLS_FAILED: 'No secure connection could be made: the certificate is not trusted, or the server does not speak TLS.',
  TIMEOUT: 'The server did not answer in time.',
  URL_NOT_ALLOWED: 'The address behind this URL is one that may not be reached from here.',
  PROTOCOL_ERROR: 'The server did not answer as the protocol demands.',
} as const
export type OutboundCode = keyof typeof messages

/** Its message is a constant: an answer from elsewhere may hold anything. */
export class OutboundError extends Error {
  override readonly name = 'OutboundError'

  constructor(
    readonly code: OutboundCode,
    options?: ErrorOptions,
  ) {
    super(messages[code], options)
  }
}

export interface Resolved {
  readonly address: string
  readonly family: number
}
/** Every address of a name. */
export type Resolve = (host: string) => Promise<readonly Resolved[]>

const systemResolve: Resolve = (host) => lookup(host, { all: true })

/** OpenSSL's and Node's own words for a handshake or a certificate that failed. */
const tlsCodes =
  /^(ERR_(TLS|SSL|OSSL)_|EPROTO$|CERT_|CRL_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERROR_IN_CERT|INVALID_(CA|PURPOSE)|HOSTNAME_MISMATCH|PATH_LENGTH)/

/** An answer that is not HTTP, or not whole. */
const protocolErrors = [errors.HTTPParserError, errors.HeadersOverflowError, errors.ResponseContentLengthMismatchError]
/** What undici says of a protocol that nobody asked for (RFC 9110 §15.2.2), and of "100 Continue" to who did not wait for it. */
const unasked: ReadonlySet<unknown> = new Set(['bad upgrade', 'bad response'])

/** What became of a request, in the words of the contract. */
export function outboundErrorOf(error: unknown, signal: AbortSignal): OutboundError {
  if (error instanceof OutboundError) return error
  if (signal.aborted) return new OutboundError('TIMEOUT', { cause: error })
  return new OutboundError(codeOf(error), { cause: error })
}

function codeOf(error: unknown): OutboundCode {
  const { code, message } = Object(error) as Partial<NodeJS.ErrnoException>
  if (tlsCodes.test(String(code))) return 'TLS_FAILED'
  if (error instanceof errors.ConnectTimeoutError) return 'TIMEOUT'
  return protocolErrors.some((kind) => error instanceof kind) || unasked.has(message) ? 'PROTOCOL_ERROR' : 'CONNECTION_FAILED'
}

export function openOutbound(allowed: readonly string[], resolve: Resolve = systemResolve): Outbound {
  const list = parseAllowList(allowed)
  const isListed = (host: string): boolean => isAllowedHost(list, host) || isOpened(list, host)

  const reachable = callbackify(async (host: string): Promise<readonly Resolved[]> => {
    const answers = await resolve(host)
    if (answers.length === 0) throw new Error('the name has no address')
    // One bad answer spoils all: whoever mixes them hopes that the bad one is tried.
    const isBad = ({ address }: Resolved): boolean => !isPublicAddress(address) && !isOpened(list, address)
    if (!isAllowedHost(list, host) && answers.some(isBad)) throw new OutboundError('URL_NOT_ALLOWED')
    return answers
  })

  const guardedLookup: LookupFunction = (host, { all }, done) =>
    reachable(host, (error, answers) => {
      const [first] = answers ?? []
      if (!first) done(error ?? new Error('the name cannot be looked up'), '')
      else if (all) done(null, [...answers])
      else done(null, first.address, first.family)
    })

  const fault = ({ protocol, hostname }: URL): string | undefined => {
    const host = bareHost(hostname)
    if (isListed(host)) return undefined
    if (protocol !== 'https:') return 'must be an https URL: http is for hosts that this server has been configured to allow'
    // A literal address is never looked up, so this is where it is judged.
    if (isAddress(host) ? isPublicAddress(host) : !isLocalName(host)) return undefined
    return 'must not lead to a loopback, private, link-local or otherwise reserved address'
  }

  const shared = {
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { lookup: guardedLookup, rejectUnauthorized: true, timeout: patience },
  }
  // A connection that stands was judged when it was made; the credential goes with the request, not with the connection.
  const kept = new Agent({ ...shared, keepAliveTimeout: idle, keepAliveMaxTimeout: idle })
  const single = new Agent({ ...shared, pipelining: 0 })

  const judged = new Map<string, URL>()
  function judge(text: string): URL {
    const known = judged.get(text)
    if (known) return known
    const url = new URL(text)
    if (fault(url) !== undefined) throw new OutboundError('URL_NOT_ALLOWED')
    if (judged.size >= mostJudged) judged.clear()
    judged.set(text, url)
    return url
  }

  async function ask(url: URL, request: OutboundRequest): Promise<OutboundResponse> {
    const { method, credential, body, signal, isKeptAlive } = request
    const headers = Object.entries(request.headers).flat()
    for (const [name, value] of Object.entries(credential ?? {})) {
      // What proves who asks gives way to what the protocol needs.
      if (!Object.hasOwn(request.headers, name.toLowerCase())) headers.push(name, value)
    }
    const options: Dispatcher.DispatchOptions = { origin: url.origin, path: url.pathname + url.search, method, headers, idempotent: false }
    if (body !== undefined) options.body = body
    try {
      return await exchange(isKeptAlive === true ? kept : single, options, request)
    } catch (error) {
      throw outboundErrorOf(error, signal)
    }
  }

  return {
    fault: (text) => fault(new URL(text)),

    async close() {
      await Promise.all([kept.destroy(), single.destroy()])
    },

    async send(text, request) {
      let url = judge(text)
      for (let redirects = 0; ; redirects++) {
        const response = await ask(url, request)
        const next = redirectOf(response, url)
        if (!next) return response
        response.body.destroy()
        if (fault(next) !== undefined || (next.origin !== url.origin && request.credential)) throw new OutboundError('URL_NOT_ALLOWED')
        // Only these two keep method and body (RFC 9110 §15.4.8, §15.4.9).
        if (![307, 308].includes(response.statusCode) || redirects === mostRedirects) throw new OutboundError('PROTOCOL_ERROR')
        url = next
      }
    },
  }
}

function redirectOf({ statusCode, headers }: OutboundResponse, from: URL): URL | undefined {
  const { location } = headers
  if (statusCode < 301 || statusCode > 308 || location === undefined) return undefined
  if (!URL.canParse(location, from.href)) throw new OutboundError('PROTOCOL_ERROR')
  return new URL(location, from.href)
}
