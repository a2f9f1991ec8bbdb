/** Authenticates OAuth clients (RFC 6749 §2.3): an API key by its id and secret, or a public client, which has no secret. */
import type { FastifyReply, FastifyRequest } from 'fastify'

import type { Context } from '../../context/context.js'
import type { Services } from '../../context/services.js'
import { createClientContext } from '../../http/create-context.js'
import { rawHeaderValues } from '../../http/raw-headers.js'
import { OAuthError } from '../../oauth/oauth-error.js'
import type { Form } from '../form.js'
import type { IssuerForm } from '../issuer-route.js'

/** Client of one request. */
export type OAuthClient =
  /** Authenticated: the context of the API key. */
  | { readonly kind: 'API_KEY'; readonly id: string; readonly ctx: Context }
  /** Not authenticated: `client_id` as sent. */
  | { readonly kind: 'PUBLIC'; readonly id: string }

interface ClientSecret {
  readonly id: string
  readonly secret: string
}

const invalidClient = (text: string): OAuthError => new OAuthError('invalid_client', text)

/** Undefined for text that is not form-urlencoded. */
function decodePart(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}

/** RFC 6749 §2.3.1: id and secret are form-urlencoded before they are joined. */
function parseBasic(header: string): ClientSecret {
  const [, encoded] = /^Basic +([A-Za-z0-9+/]+={0,2})$/i.exec(header) ?? []
  if (encoded === undefined) throw invalidClient('Authenticate with the Basic scheme, or send client_id and client_secret in the form.')
  const text = Buffer.from(encoded, 'base64').toString()
  const colon = text.indexOf(':')
  const [id, secret] = [text.slice(0, Math.max(0, colon)), text.slice(colon + 1)].map(decodePart)
  if (!id || !secret) throw invalidClient('The Basic credentials must be the client id, a colon and the client secret, form-urlencoded.')
  return { id, secret }
}

/** @throws OAuthError invalid_request for several headers, of which another hop may read another one */
function authorizationHeader(request: FastifyRequest): string | undefined {
  const [header, second] = rawHeaderValues(request.raw, 'authorization')
  if (second === undefined) return header
  throw new OAuthError('invalid_request', 'The Authorization header was sent more than once. Send it once.')
}

/** Undefined for a public client. @throws OAuthError for two ways at once */
function presentedSecret(request: FastifyRequest, form: Form): ClientSecret | undefined {
  const header = authorizationHeader(request)
  const id = form.get('client_id')
  const secret = form.get('client_secret')
  if (header === undefined) {
    if (secret !== undefined && id === undefined) throw invalidClient('The parameter client_id is required with client_secret.')
    return secret === undefined || id === undefined ? undefined : { id, secret }
  }
  const basic = parseBasic(header)
  if (secret !== undefined || (id !== undefined && id !== basic.id))
    throw new OAuthError('invalid_request', 'Authenticate the client in one way: the Authorization header, or client_secret in the form.')
  return basic
}

/** The key of a service, as a bearer token too (RFC 7662 §2.1). @throws OAuthError or RequestError of {@link authenticateClient} */
export async function authenticateKey(
  services: Services,
  request: FastifyRequest,
  reply: FastifyReply,
  { form, issuer }: IssuerForm,
): Promise<Context> {
  const [, secret] = /^Bearer +([\x21-\x7E]+)$/i.exec(authorizationHeader(request) ?? '') ?? []
  if (secret !== undefined) return createClientContext(services, request, reply, { id: form.get('client_id'), secret, issuer })
  const client = await authenticateClient(services, request, reply, { form, issuer })
  if (client.kind === 'API_KEY') return client.ctx
  throw invalidClient('This endpoint needs an API key. Send its id and secret as client credentials, or its secret as a bearer token.')
}

/** @throws OAuthError invalid_client or invalid_request; RequestError of the API key, or RATE_LIMITED */
export async function authenticateClient(
  services: Services,
  request: FastifyRequest,
  reply: FastifyReply,
  { form, issuer }: IssuerForm,
): Promise<OAuthClient> {
  const presented = presentedSecret(request, form)
  if (presented)
    return { kind: 'API_KEY', id: presented.id, ctx: await createClientContext(services, request, reply, { ...presented, issuer }) }
  const id = form.get('client_id')
  if (id === undefined)
    throw invalidClient('The client is not authenticated. Send the id and the secret of an API key, or the client_id of a public client.')
  return { kind: 'PUBLIC', id }
}
