/** Requests to the OAuth endpoints of an issuer. */
import { issuerUrl } from '../../src/lib/issuer.js'
import type { TestApp } from './app.js'
import type { SeededKey, SeededOrganization } from './seed.js'

export const externalUserIdType = 'urn:keyhouse:params:oauth:token-type:external-user-id'
export const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'
export const tokenExchange = 'urn:ietf:params:oauth:grant-type:token-exchange'

/** Members of every JSON response of the endpoints. */
export interface OAuthBody {
  readonly error?: string
  readonly error_description?: string
  readonly access_token: string
  readonly token_type: string
  readonly expires_in: number
  readonly scope?: string
  readonly refresh_token?: string
  readonly issued_token_type?: string
  readonly active?: boolean
  readonly [claim: string]: unknown
}

export interface OAuthAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: OAuthBody
}

type Form = Readonly<Record<string, string>> | readonly (readonly [string, string])[]

export const basic = ({ id, secret }: SeededKey): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`,
})

/** Issuer of an organization in tests, at the address that the application listens on. */
export class IssuerClient {
  constructor(
    readonly app: TestApp,
    readonly acme: Pick<SeededOrganization, 'id'>,
    readonly environment: 'SANDBOX' | 'PRODUCTION' = 'SANDBOX',
    private readonly at = app.url,
  ) {}

  /** Its identifier. */
  get issuer(): string {
    return issuerUrl(this.app.config.url, this.acme.id, this.environment)
  }

  /** Posts a form. A key authenticates by the Basic scheme. */
  async post(endpoint: string, form: Form, key?: SeededKey | null, headers: Record<string, string> = {}): Promise<OAuthAnswer> {
    const pairs = Array.isArray(form) ? (form as [string, string][]) : Object.entries(form)
    const response = await fetch(`${issuerUrl(this.at, this.acme.id, this.environment)}/oauth/${endpoint}`, {
      method: 'POST',
      headers: { ...(key ? basic(key) : {}), ...headers },
      body: new URLSearchParams(pairs),
    })
    return { status: response.status, headers: response.headers, body: (await response.json()) as OAuthBody }
  }

  /** Exchanges a key for an end user. */
  exchange(key: SeededKey, subject: string, form: Readonly<Record<string, string>> = {}): Promise<OAuthAnswer> {
    return this.post(
      'token',
      {
        grant_type: tokenExchange,
        subject_token: subject,
        subject_token_type: externalUserIdType,
        audience: 'https://agents.example/api',
        ...form,
      },
      key,
    )
  }

  /** Narrows an access token. */
  narrow(key: SeededKey, token: string, form: Readonly<Record<string, string>> = {}): Promise<OAuthAnswer> {
    return this.exchange(key, token, { subject_token_type: accessTokenType, ...form })
  }

  /** An access token for the key itself. */
  clientCredentials(key: SeededKey, form: Readonly<Record<string, string>> = {}): Promise<OAuthAnswer> {
    return this.post('token', { grant_type: 'client_credentials', resource: 'https://agents.example/api', ...form }, key)
  }
}

/** Status and error code, for tables of refusals. */
export const refusalOf = ({ status, body }: OAuthAnswer): string => `${status} ${body.error ?? 'issued'}`
