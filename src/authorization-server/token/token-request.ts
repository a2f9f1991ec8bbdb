/** Token requests and responses (RFC 6749 §4, §5.1), as the handler of a grant type sees them. */
import type { FastifyReply, FastifyRequest } from 'fastify'

import type { Services } from '../../context/services.js'
import type { Form } from '../form.js'
import type { AddressedIssuer } from '../issuer-route.js'
import type { OAuthClient } from './authenticate-client.js'

export interface TokenRequest {
  readonly services: Services
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly issuer: AddressedIssuer
  readonly form: Form
  readonly client: OAuthClient
}

export interface TokenResponse {
  readonly access_token: string
  readonly token_type: 'Bearer'
  /** Seconds. */
  readonly expires_in: number
  /** Absent when the token has no permissions. */
  readonly scope?: string
  readonly refresh_token?: string
  /** Only of a token exchange (RFC 8693 §2.2.1). */
  readonly issued_token_type?: string
}

/** Handles one `grant_type`. @throws OAuthError, or DomainError or RequestError of its verb */
export type GrantHandler = (request: TokenRequest) => Promise<TokenResponse>
