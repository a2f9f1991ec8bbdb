/** `client_credentials` (RFC 6749 §4.4): an access token for the API key itself, without an end user. */
import { intersection, type PermissionSet } from '../../access/permissions.js'
import { issueToken, parseScope, requireKey, requireTarget } from './issue-token.js'
import type { GrantHandler } from './token-request.js'

/** MCP clients repeat the scope of the challenge, whose wildcard stands for the tools that the key has. Names must be held. */
const narrowWildcards = (scope: readonly string[], held: PermissionSet): string[] =>
  scope.flatMap((pattern) => {
    const narrowed = pattern.endsWith(':*') ? intersection([pattern], held) : []
    return narrowed.length > 0 ? narrowed : [pattern]
  })

export const issueForClient: GrantHandler = (request) => {
  const ctx = requireKey(request)
  const { form } = request
  const scope = parseScope(form)
  const permissions = scope && narrowWildcards(scope, ctx.actor.permissions)
  return issueToken(ctx, { audience: requireTarget(request), permissions }, { isForClient: true })
}
