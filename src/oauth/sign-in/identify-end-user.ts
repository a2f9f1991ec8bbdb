/** Identifies the end user of a sign-in that came back: by the provider's ID token, or by the product's ticket. */
import type { Services } from '../../context/services.js'
import { endUserByTicket } from '../../database/queries/secrets.js'
import type { OAuthConfiguration } from '../../entities/oauth-configuration.js'
import { sha256 } from '../../lib/crypto/digest.js'
import { isRandomText } from '../../lib/crypto/random-text.js'
import { isExternalId } from '../../lib/external-id.js'
import { PageError, toPageError } from '../page-error.js'
import { openIdClient, signInCallbackUrl } from './begin-sign-in.js'
import type { Identity } from './sign-in-end-user.js'
import { requestSecrets, type SignInRequest } from './sign-in-request.js'

/** Sign-ins of one organization that wait for its provider in this process. */
const maxConcurrentSignIns = 32

/** @param parameters those of the callback @throws PageError */
export const identifyEndUser = (
  services: Services,
  request: SignInRequest,
  configuration: OAuthConfiguration,
  parameters: URLSearchParams,
): Promise<Identity> =>
  configuration.signInMethod === 'PRODUCT'
    ? identifyByTicket(services, request, parameters)
    : identifyByIdToken(services, request, configuration, parameters)

async function identifyByTicket(services: Services, { id }: SignInRequest, parameters: URLSearchParams): Promise<Identity> {
  const ticket = parameters.get('ticket') ?? ''
  const row = isRandomText(ticket) && (await services.queryRunner.read(endUserByTicket, [sha256(ticket), id, services.clock()]))
  if (!row) throw new PageError('SIGN_IN_USED')
  return { externalId: String(row['external_id']), ticket }
}

async function identifyByIdToken(
  services: Services,
  request: SignInRequest,
  configuration: OAuthConfiguration,
  parameters: URLSearchParams,
): Promise<Identity> {
  const { outboundConcurrency, openIdProviders, deploymentSecrets, config } = services
  const release = outboundConcurrency.acquire([[`sign-in ${request.organizationId}`, maxConcurrentSignIns]])
  if (!release) throw new PageError('SIGN_IN_BUSY')
  try {
    const binding = { state: parameters.get('state') ?? '', ...requestSecrets(deploymentSecrets, request) }
    const claims = await openIdProviders
      .redeem(openIdClient(services, configuration), binding, parameters, signInCallbackUrl(config.url))
      .catch(toPageError)
    const externalId: unknown = claims[configuration.oidcExternalIdClaim!]
    if (typeof externalId !== 'string' || !isExternalId(externalId))
      throw new PageError('PROVIDER_INVALID', { cause: new Error(`the claim "${configuration.oidcExternalIdClaim}" is no external id`) })
    return { externalId, ticket: null }
  } finally {
    release()
  }
}
