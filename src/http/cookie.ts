/** Cookies of this origin (RFC 6265): names and attributes, and values in a request. */
import type { IncomingMessage } from 'node:http'

import { isLoopback } from '../lib/network/address.js'
import { rawHeaderValues } from './raw-headers.js'

/** Name and attributes of a cookie at one origin. */
export interface Cookie {
  readonly name: string
  readonly attributes: string
}

/**
 * Undefined for plain http beyond loopback, where a session could be read on the network. The prefix `__Host-` keeps other
 * hosts of the domain from setting the cookie. On loopback http, Safari refuses `Secure`, and the name has the port, since
 * ports share cookies (RFC 6265 §8.5).
 * @param url the configured origin
 */
export function originCookie(url: string, name: string, sameSite: 'Strict' | 'Lax'): Cookie | undefined {
  const { protocol, hostname, port } = new URL(url)
  const shared = `HttpOnly; SameSite=${sameSite}; Path=/`
  if (protocol === 'https:') return { name: `__Host-${name}`, attributes: `Secure; ${shared}` }
  return isLoopback(hostname) ? { name: `${name}-${port || '80'}`, attributes: shared } : undefined
}

/** `Set-Cookie` value. @param value undefined clears the cookie */
export const setCookie = ({ name, attributes }: Cookie, value: string | undefined, maxAgeSeconds: number): string =>
  `${name}=${value ?? ''}; ${attributes}; Max-Age=${value === undefined ? 0 : maxAgeSeconds}`

/** Undefined without the cookie, and when it was sent twice: a neighbor on another port may have set one of them. */
export function readCookie({ name }: Cookie, request: IncomingMessage): string | undefined {
  const values = rawHeaderValues(request, 'cookie')
    .flatMap((header) => header.split(';'))
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
  return values.length === 1 ? values[0]!.slice(name.length + 1) || undefined : undefined
}
