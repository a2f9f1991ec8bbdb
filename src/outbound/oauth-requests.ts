/** Requests of the OAuth library, by the outbound client. */
import { allowInsecureRequests, customFetch } from 'oauth4webapi'

import { createOutboundFetch, type FetchOptions, type OutboundFetch } from './outbound-fetch.js'
import type { Outbound } from './outbound.js'

/** Milliseconds that a request takes at most. */
export const oauthTimeoutMs = 10_000

/** Of authorization servers of MCP servers: metadata, registrations and tokens are small. */
const limits = { maxBytes: 65_536, timeoutMs: oauthTimeoutMs }

/** `fetch` without redirects: a request may carry a code, a token or a client secret. */
export const oauthFetch = (outbound: Outbound, organizationId: string) => createOutboundFetch(outbound, organizationId, limits)

/** Options of each request of the library. @param send decides which URLs may be http */
export const oauthRequestOptions = (send: OutboundFetch) => ({
  // oxlint-disable-next-line no-deprecated -- the library marks it to stand out: here the address rules decide about http
  [allowInsecureRequests]: true,
  [customFetch]: (url: string, options: object): Promise<Response> => send(url, options as FetchOptions),
})
