/** Routes below an issuer (RFC 8414 §2): `/o/{organizationId}/{sandbox|production}`. */
import type { FastifyRequest } from 'fastify'

import type { Config } from '../config/config.js'
import { addressedUrl } from '../http/addressed-url.js'
import { parseIssuer, type Issuer } from '../lib/issuer.js'

/** Path of every issuer, as a route pattern. */
export const issuerPath = '/o/:organizationId/:environment'

/** Issuer that a request was sent to. */
export interface AddressedIssuer extends Issuer {
  /** Its identifier on the origin that was addressed. */
  readonly url: string
}

/** Undefined if the path is no issuer. The organization need not exist: a lookup would let strangers enumerate organizations. */
export function findIssuer(config: Config, request: FastifyRequest): AddressedIssuer | undefined {
  const { organizationId, environment } = request.params as { organizationId: string; environment: string }
  const base = addressedUrl(config, request)
  const url = `${base}/o/${organizationId}/${environment}`
  const issuer = parseIssuer(base, url)
  return issuer && { ...issuer, url }
}
