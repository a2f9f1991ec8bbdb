/** Routes below an issuer (RFC 8414 §2): `/o/{organizationId}/{sandbox|production}`. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

import type { Config } from '../config/config.js'
import { addressedUrl } from '../http/addressed-url.js'
import { parseIssuer, type Issuer } from '../lib/issuer.js'
import type { Form } from './form.js'

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

/** A form that was posted to an endpoint of an issuer. */
export interface IssuerForm {
  readonly form: Form
  readonly issuer: AddressedIssuer
}

/**
 * Registers an endpoint that takes a form and answers JSON. Every origin may call it, since no cookie is read.
 * @param scope has the form parser and the error handler of OAuth
 */
export function registerIssuerForm(
  scope: FastifyInstance,
  config: Config,
  name: string,
  handle: (request: FastifyRequest, reply: FastifyReply, posted: IssuerForm) => Promise<object>,
): void {
  scope.post(`${issuerPath}/oauth/${name}`, { config: { cors: { origin: '*' } } }, async (request, reply) => {
    const issuer = findIssuer(config, request)
    if (!issuer) return reply.callNotFound()
    const form = (request.body ?? new Map<string, string>()) as Form
    const response = await handle(request, reply, { form, issuer })
    // For caches of HTTP/1.0 too (RFC 6749 §5.1).
    return reply.headers({ 'cache-control': 'no-store', pragma: 'no-cache' }).send(response)
  })
}
