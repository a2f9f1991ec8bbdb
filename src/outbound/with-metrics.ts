/** Metrics of outbound requests by outcome: the status class, or the error code. */
import { startTimer } from '../lib/clock.js'
import type { Metrics } from '../observability/metrics.js'
import { OutboundError } from './outbound-error.js'
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
