/** The public origin that a request was sent to. */
import type { FastifyRequest } from 'fastify'

import type { Config } from '../config/config.js'

/**
 * `KEYHOUSE_PREVIOUS_URL` if the request was sent to it, otherwise `KEYHOUSE_URL`. Metadata must name the issuer or resource
 * that it was fetched for (RFC 8414 §3.3, RFC 9728 §3.3). `Host` only selects one of two configured origins.
 */
export function addressedUrl({ url, previousUrl }: Config, { raw }: FastifyRequest): string {
  return previousUrl !== undefined && raw.headers.host === new URL(previousUrl).host ? previousUrl : url
}
