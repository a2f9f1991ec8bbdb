/**
 * The one module that opens connections to elsewhere. Which addresses may be reached is decided where the connection is
 * made, on the very answer of the resolver that is connected to: a name cannot change its mind in between.
 */
import { lookup } from 'node:dns/promises'
import { Agent as PlainAgent, request as requestPlain, type IncomingMessage, type RequestOptions } from 'node:http'
import { Agent as SecureAgent, request as requestSecure } from 'node:https'
import type { LookupFunction } from 'node:net'
import { callbackify } from 'node:util'

import type { Outbound, OutboundRequest } from '../context.js'
import { bareHost, isAddress, isAllowedHost, isLocalName, isOpened, isPublicAddress, parseAllowList } from '../lib/address.js'

/** How often an answer may send us on. */
const mostRedirects = 3

/**
 * Milliseconds that a connection stands idle for the next request: less than servers commonly wait before they close it,
 * since a call that is lost with it must not be made again. A server that says how long it waits is believed.
 */
const idle = 4000

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

/** What became of a request, in the words of the contract. */
export function outboundErrorOf(error: unknown, signal: AbortSignal): OutboundError {
  if (error instanceof OutboundError) return error
  if (signal.aborted) return new OutboundError('TIMEOUT', { cause: error })
  const code = String(Reflect.get(Object(error), 'code'))
  return new OutboundError(tlsCodes.test(code) ? 'TLS_FAILED' : 'CONNECTION_FAILED', { cause: error })
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

  // A connection that stands was judged when it was made; the credential goes with the request, not with the connection.
  const agents = { plain: new PlainAgent({ keepAlive: true, timeout: idle }), secure: new SecureAgent({ keepAlive: true, timeout: idle }) }

  const connect = (
    url: URL,
    { method, headers, credential, body, signal, onSent, isKeptAlive }: OutboundRequest,
  ): Promise<IncomingMessage> =>
    new Promise((answer, refuse) => {
      // What proves who asks gives way to what the protocol needs.
      const sent = { ...credential, ...headers, ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }) }
      const isSecure = url.protocol === 'https:'
      const agent = isKeptAlive === true && (isSecure ? agents.secure : agents.plain)
      const options: RequestOptions = { method, headers: sent, signal, agent, lookup: guardedLookup }
      const request = isSecure ? requestSecure(url, { ...options, rejectUnauthorized: true }) : requestPlain(url, options)
      request.on('socket', (socket) => {
        if (request.reusedSocket) onSent?.()
        else socket.once(isSecure ? 'secureConnect' : 'connect', () => onSent?.())
      })
      request.on('response', answer)
      // Nobody asked for another protocol; unheard, Node would end the connection without a word (RFC 9110 §15.2.2).
      request.on('upgrade', (_response, socket) => {
        socket.destroy()
        refuse(new OutboundError('PROTOCOL_ERROR'))
      })
      request.on('error', (error) => refuse(outboundErrorOf(error, signal)))
      request.end(body)
    })

  return {
    fault: (text) => fault(new URL(text)),

    close() {
      agents.plain.destroy()
      agents.secure.destroy()
    },

    async send(text, request) {
      let url = new URL(text)
      for (let redirects = 0; ; redirects++) {
        if (fault(url) !== undefined) throw new OutboundError('URL_NOT_ALLOWED')
        const response = await connect(url, request)
        const next = redirectOf(response, url)
        if (!next) return response
        response.destroy()
        if (fault(next) !== undefined || (next.origin !== url.origin && request.credential)) throw new OutboundError('URL_NOT_ALLOWED')
        // Only these two keep method and body (RFC 9110 §15.4.8, §15.4.9).
        if (![307, 308].includes(response.statusCode ?? 0) || redirects === mostRedirects) throw new OutboundError('PROTOCOL_ERROR')
        url = next
      }
    },
  }
}

function redirectOf({ statusCode = 0, headers: { location } }: IncomingMessage, from: URL): URL | undefined {
  if (statusCode < 301 || statusCode > 308 || location === undefined) return undefined
  if (!URL.canParse(location, from.href)) throw new OutboundError('PROTOCOL_ERROR')
  return new URL(location, from.href)
}
