import { startTimer } from '../lib/clock.js'
import type { Metrics } from '../observability/metrics.js'
import { OutboundError } from './outbound-error.js'
/** Counts what leaves for MCP servers, by how it ended: the class of the status, or the code of the failure. */
import type { Outbound } from './outbound.js'

export const withMetrics = (outbound: Outbound, metrics: Metrics): Outbound => ({
  ...outbound,

  async send(url, request) {
    const elapsed = startTimer()
    try {
      const response = await outbound.send(url, request)
      metrics.observeOutbound(`${Math.floor(response.statusCode / 100)}xx`, elapsed())
      return response
    } catch (error) {
      metrics.observeOutbound(error instanceof OutboundError ? error.code : 'FAILED', elapsed())
      throw error
    }
  },
})
