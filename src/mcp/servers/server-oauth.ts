/** Validation of the OAuth settings of an MCP server. */
import type { McpServerOAuth } from '../../entities/mcp-server-oauth.js'
import { maxUrlLength, type Validator } from '../../validation/validator.js'

export const maxScopes = 64
export const maxScopeLength = 255
export const maxAuthorizationParameters = 16
export const maxParameterLength = 1024

/** Fields of the input. Omitted ones have their default. */
export interface McpServerOAuthFields {
  readonly issuer?: string | null | undefined
  readonly scopes?: readonly string[] | null | undefined
  readonly authorizationParameters?: readonly { readonly name: string; readonly value: string }[] | null | undefined
  readonly omitsResource?: boolean | null | undefined
}

/** Parameters that Keyhouse sets itself, or that would move the response elsewhere. */
const reservedParameters: ReadonlySet<string> = new Set([
  'client_id',
  'client_secret',
  'code_challenge',
  'code_challenge_method',
  'redirect_uri',
  'request',
  'request_uri',
  'resource',
  'response_mode',
  'response_type',
  'scope',
  'state',
])

/** `scope-token` of RFC 6749 §3.3. */
const scopePattern = /^[\x21\x23-\x5B\x5D-\x7E]+$/
const isScope = (text: string): boolean => text.length <= maxScopeLength && scopePattern.test(text)

/** Scopes named by a foreign server, without those that are not valid. */
export const toScopes = (texts: Iterable<string>): string[] => [...new Set(texts)].filter(isScope).slice(0, maxScopes)

const parameterName = /^[A-Za-z0-9_.-]{1,64}$/

/** Issue of an issuer (RFC 8414 §2); undefined for a valid one. Whether its address is allowed is checked apart. */
export function issuerIssue(text: string): string | undefined {
  if (text.length > maxUrlLength) return `must have at most ${maxUrlLength} characters`
  if (!/^https?:\/\/[\x21-\x7E]+$/i.test(text) || !URL.canParse(text)) return 'must be an absolute https URL'
  const { username, password } = new URL(text)
  if (username !== '' || password !== '') return 'must not contain a user name or password'
  return /[?#]/.test(text) ? 'must not have a query or fragment' : undefined
}

/** Adds every issue to `validator`; the caller throws. */
export function validateServerOAuth(validator: Validator, oauth: McpServerOAuthFields | null | undefined): void {
  if (!oauth) return
  const issue = oauth.issuer == null ? undefined : issuerIssue(oauth.issuer)
  if (issue) validator.addIssue(['oauth', 'issuer'], issue)
  validator.list(['oauth', 'scopes'], oauth.scopes, maxScopes, (scope) =>
    isScope(scope) ? undefined : `must be a scope (RFC 6749 §3.3) of at most ${maxScopeLength} characters`,
  )
  const path = ['oauth', 'authorizationParameters']
  const parameters = oauth.authorizationParameters ?? []
  if (!validator.entries(path, parameters, maxAuthorizationParameters, 0)) return
  for (const [i, { name, value }] of parameters.entries()) {
    if (!parameterName.test(name)) validator.addIssue([...path, String(i), 'name'], 'must be 1 to 64 characters of `A-Za-z0-9_.-`')
    else if (reservedParameters.has(name)) validator.addIssue([...path, String(i), 'name'], 'must not be a parameter that Keyhouse sets')
    validator.text([...path, String(i), 'value'], value, maxParameterLength)
  }
  if (new Set(parameters.map(({ name }) => name)).size < parameters.length)
    validator.addIssue(path, 'must not have the same parameter twice')
}

export const toServerOAuth = (oauth: McpServerOAuthFields | null | undefined): McpServerOAuth | null =>
  oauth
    ? {
        issuer: oauth.issuer ?? null,
        scopes: oauth.scopes ? [...oauth.scopes] : null,
        authorizationParameters: (oauth.authorizationParameters ?? []).map(({ name, value }) => ({ name, value })),
        omitsResource: oauth.omitsResource ?? false,
      }
    : null
