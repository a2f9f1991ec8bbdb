/** Token requests of public clients that present a code or refresh token: the client, and the context of the grant. */
import type { FastifyRequest } from 'fastify'

import type { Context } from '../../context/context.js'
import type { Services } from '../../context/services.js'
import { readGrantById, type GrantRow } from '../../database/queries/oauth-grants.js'
import { clientAddress } from '../../http/client-address.js'
import { actorContext } from '../../http/create-context.js'
import { throttleUnknownCredentials } from '../../http/rate-limits.js'
import { UnknownCredentialError } from '../../lib/errors.js'
import { isRegisteredClientId, parseClientId } from '../../oauth/clients/registered-client.js'
import { parseResource } from '../../oauth/grants/find-authorization-target.js'
import { invalidGrant, resolveGrantActor } from '../../oauth/grants/grant-actor.js'
import { OAuthError } from '../../oauth/oauth-error.js'
import type { Form } from '../form.js'
import type { AddressedIssuer } from '../issuer-route.js'
import type { OAuthClient } from './authenticate-client.js'

/** What a client presented, in whichever grant. */
export interface PresentedGrant {
  readonly services: Services
  readonly request: FastifyRequest
  readonly issuer: AddressedIssuer
  readonly client: OAuthClient
}

/** Counts a guess. @throws RequestError RATE_LIMITED over the limit */
function countGuess({ services, request }: PresentedGrant): void {
  throttleUnknownCredentials(services, new UnknownCredentialError(), clientAddress(request) ?? '')
}

/** A client whose registration is not of this issuer registers again when told so. @throws OAuthError invalid_client */
export function assertKnownClient(presented: PresentedGrant): void {
  const { services, issuer, client } = presented
  if (client.kind === 'API_KEY' || !isRegisteredClientId(client.id) || parseClientId(services.deploymentSecrets, issuer, client.id)) return
  countGuess(presented)
  throw new OAuthError('invalid_client', 'The client is not registered at this issuer. Register it again.')
}

/**
 * The grant of a row that was found by its digest. One of another issuer or client is as unknown as none.
 * @throws OAuthError invalid_grant; RequestError RATE_LIMITED
 */
export function requireGrant<Row extends { readonly grant: GrantRow }>(presented: PresentedGrant, row: Row | undefined, name: string): Row {
  const { issuer, client } = presented
  const isOfIssuer = row?.grant.organizationId === issuer.organizationId && row.grant.environment === issuer.environment
  if (row && isOfIssuer && row.grant.clientId === client.id) return row
  countGuess(presented)
  throw invalidGrant(`The ${name} is unknown, or belongs to another client. Start a new authorization.`)
}

/** RFC 8707 §2.2: a token request may repeat the resource, and name no other. @throws OAuthError invalid_target */
export function assertSameResource({ config }: Services, form: Form, { serverId }: GrantRow): void {
  const resource = form.get('resource')
  if (resource !== undefined && parseResource(config, resource) !== serverId)
    throw new OAuthError('invalid_target', 'resource is not the MCP server of the grant. Send the same as in the authorization request.')
}

/** Context of the client within the grant. @throws OAuthError invalid_grant if the grant no longer stands */
export async function grantContext({ services, request }: PresentedGrant, grant: GrantRow): Promise<Context> {
  const actor = await resolveGrantActor(services, grant)
  return actorContext(services, request, actor, async () =>
    resolveGrantActor(services, await readGrantById(services.queryRunner, grant.id)),
  )
}
