/** Client registration endpoint of each issuer (RFC 7591 §3): stateless, for public clients. */
import type { FastifyInstance, FastifyRequest } from 'fastify'

import type { Services } from '../../context/services.js'
import { clientAddress } from '../../http/client-address.js'
import { epochSeconds } from '../../lib/clock.js'
import { RequestError } from '../../lib/errors.js'
import type { WindowLimit } from '../../lib/fixed-window.js'
import { toRateLimitSubnet } from '../../lib/network/address.js'
import { parseClientMetadata } from '../../oauth/clients/client-metadata.js'
import { createClientId } from '../../oauth/clients/registered-client.js'
import { findConfigurations } from '../../oauth/grants/find-authorization-target.js'
import { OAuthError } from '../../oauth/oauth-error.js'
import { findIssuer, issuerPath } from '../issuer-route.js'

/** Maximum size of a registration, in bytes. Only the name and the redirect URIs are kept. */
export const maxRegistrationBytes = 16_384
/** Registrations that one IPv4 address or IPv6 /64 may make in a minute. */
export const maxRegistrations = 60

const addressLimit: readonly WindowLimit[] = [{ window: 'MINUTE', max: maxRegistrations }]

/** @throws RequestError RATE_LIMITED */
function throttle({ registrationCounter, clock }: Services, request: FastifyRequest): void {
  const subnet = toRateLimitSubnet(clientAddress(request) ?? '')
  const { isAllowed, retryAfterMs } = registrationCounter.consume(subnet, addressLimit, clock().getTime())
  if (isAllowed) return
  throw new RequestError('RATE_LIMITED', 'Too many clients registered from this address. Retry after the time in Retry-After.', {
    'retry-after': String(Math.ceil(retryAfterMs / 1000)),
  })
}

/** @param scope parses JSON, and has the error handler of OAuth */
export function registerRegistrationEndpoint(scope: FastifyInstance, services: Services): void {
  scope.addContentTypeParser('*', (_request, _payload, parsed) =>
    parsed(new OAuthError('invalid_client_metadata', 'Send the metadata as JSON with Content-Type: application/json.')),
  )
  const options = { bodyLimit: maxRegistrationBytes, config: { cors: { origin: '*' } } }
  scope.post(`${issuerPath}/oauth/register`, options, async (request, reply) => {
    const issuer = findIssuer(services.config, request)
    if (!issuer) return reply.callNotFound()
    throttle(services, request)
    const configurations = await findConfigurations(services, issuer)
    if (!configurations.some(({ allowsRegistration }) => allowsRegistration))
      throw new OAuthError(
        'invalid_request',
        'No project of this issuer lets clients register. Use a client metadata document, or ask an administrator to allow it.',
        {},
        { status: 403 },
      )
    const metadata = parseClientMetadata(request.body)
    return reply
      .code(201)
      .headers({ 'cache-control': 'no-store', pragma: 'no-cache' })
      .send({
        client_id: createClientId(services.deploymentSecrets, issuer, metadata),
        client_id_issued_at: epochSeconds(services.clock()),
        client_name: metadata.name,
        redirect_uris: metadata.redirectUris,
        application_type: metadata.applicationType,
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
      })
  })
}
