/** Cookie of the console session: its name and attributes, and its value in a request (RFC 6265). */
import type { IncomingMessage } from 'node:http'

import { isLoopback } from '../lib/address.js'
import { loginTtlSeconds } from '../personal-tokens/issue-personal-token.js'
import { rawHeaderValues } from './raw-headers.js'

/** Name and attributes of the cookie at one origin. */
export interface SessionCookie {
  readonly name: string
  readonly attributes: string
}

const shared = 'HttpOnly; SameSite=Strict; Path=/'

/**
 * Undefined for plain http beyond loopback, where a session could be read on the network. The prefix `__Host-` keeps other
 * hosts of the domain from setting the cookie. On loopback http, Safari refuses `Secure`, and the name has the port, since
 * ports share cookies (RFC 6265 §8.5).
 * @param url the configured origin
 */
export function sessionCookie(url: string): SessionCookie | undefined {
  const { protocol, hostname, port } = new URL(url)
  if (protocol === 'https:') return { name: '__Host-keyhouse', attributes: `Secure; ${shared}` }
  return isLoopback(hostname) ? { name: `keyhouse-${port || '80'}`, attributes: shared } : undefined
}

/** `Set-Cookie` value. @param jwt undefined clears the cookie */
export const setSessionCookie = ({ name, attributes }: SessionCookie, jwt: string | undefined): string =>
  `${name}=${jwt ?? ''}; ${attributes}; Max-Age=${jwt === undefined ? 0 : loginTtlSeconds}`

/** Undefined without the cookie, and when it was sent twice: a neighbor on another port may have set one of them. */
export function readSessionCookie({ name }: SessionCookie, request: IncomingMessage): string | undefined {
  const values = rawHeaderValues(request, 'cookie')
    .flatMap((header) => header.split(';'))
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
  return values.length === 1 ? values[0]!.slice(name.length + 1) || undefined : undefined
}
