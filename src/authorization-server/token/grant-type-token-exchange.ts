/** Token exchange (RFC 8693): an access token for an end user, by its external id or by a token that is narrowed. */
import { Secret } from '../../lib/secret.js'
import { OAuthError } from '../../oauth/oauth-error.js'
import { requireParameter, type Form } from '../form.js'
import { issueToken, parseScope, requireKey, requireTarget } from './issue-token.js'
import type { GrantHandler } from './token-request.js'

export const tokenExchange = 'urn:ietf:params:oauth:grant-type:token-exchange'

/** Token types (RFC 8693 §3). The last is our own: the external id of an end user, which the API key may name. */
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'
const jwtType = 'urn:ietf:params:oauth:token-type:jwt'
export const externalUserIdType = 'urn:keyhouse:params:oauth:token-type:external-user-id'

/** @throws OAuthError invalid_request for another type */
function requireType(form: Form, name: string, types: readonly string[]): string {
  const type = requireParameter(form, name)
  if (types.includes(type)) return type
  throw new OAuthError('invalid_request', `The parameter ${name} must be ${types.join(' or ')}.`)
}

function parseActorToken(form: Form): Secret | undefined {
  const token = form.get('actor_token')
  if (token !== undefined) requireType(form, 'actor_token_type', [accessTokenType])
  // RFC 8693 §2.1 forbids the type without the token.
  else if (form.has('actor_token_type'))
    throw new OAuthError('invalid_request', 'The parameter actor_token is required with actor_token_type.')
  return token === undefined ? undefined : new Secret(token)
}

export const exchangeToken: GrantHandler = async (request) => {
  const ctx = requireKey(request)
  const { form } = request
  const subject = requireParameter(form, 'subject_token')
  const isExternalId = requireType(form, 'subject_token_type', [externalUserIdType, accessTokenType]) === externalUserIdType
  const issuedType = form.has('requested_token_type')
    ? requireType(form, 'requested_token_type', [accessTokenType, jwtType])
    : accessTokenType
  const response = await issueToken(
    ctx,
    { audience: requireTarget(request), permissions: parseScope(form), ...(isExternalId ? { externalUserId: subject } : {}) },
    { actorToken: parseActorToken(form), ...(isExternalId ? {} : { subjectToken: new Secret(subject) }) },
  )
  return { ...response, issued_token_type: issuedType }
}
