/**
 * Client spans of outbound requests, as children of the request span.
 * Attributes contain only host and port of the URL, since the rest may contain a tenant's secret.
 * No trace context goes to the server, which could use it to correlate calls of our users.
 */
import { parsePort } from '../lib/network/address.js'
import type { Traces } from '../observability/traces.js'
import type { Outbound } from './outbound.js'

export const withTracing = (outbound: Outbound, traces: Traces): Outbound => ({
  ...outbound,

  send(text, request) {
    const url = new URL(text)
    const attributes = {
      'http.request.method': request.method,
      'server.address': url.hostname,
      'server.port': parsePort(url),
    }
    return traces.withChildSpan(request.method, 'CLIENT', attributes, async (span) => {
      const response = await outbound.send(text, request)
      const status = response.statusCode
      span?.setAttribute('http.response.status_code', status)
      if (span && status >= 400) traces.markError(span, String(status))
      return response
    })
  },
})
