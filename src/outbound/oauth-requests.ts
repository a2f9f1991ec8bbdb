/** Requests of the OAuth library to authorization servers of MCP servers, by the outbound client. */
import { allowInsecureRequests, customFetch } from 'oauth4webapi'

import { createOutboundFetch, type FetchOptions } from './outbound-fetch.js'
import type { Outbound } from './outbound.js'

/** Metadata, registrations and tokens are small. */
const limits = { maxBytes: 65_536, timeoutMs: 10_000 }

/** `fetch` without redirects: a request may carry a code, a token or a client secret. */
export const oauthFetch = (outbound: Outbound, organizationId: string) => createOutboundFetch(outbound, organizationId, limits)

export function oauthRequestOptions(outbound: Outbound, organizationId: string) {
  const send = oauthFetch(outbound, organizationId)
  return {
    // The outbound client decides which URLs may be http.
    // oxlint-disable-next-line no-deprecated -- marked as deprecated to stand out
    [allowInsecureRequests]: true,
    [customFetch]: (url: string, options: object): Promise<Response> => send(url, options as FetchOptions),
  }
}
