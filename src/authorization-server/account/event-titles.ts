/** Titles of audit events for the end user that they are about. Each fits an event that was allowed or refused. */
import { actionTitle } from '../../access/action-titles.js'
import { actions, type Action } from '../../access/actions.js'

/** Resources that nobody can change in the name of an end user. Their refused events have the titles for administrators. */
type OperatorResource =
  | 'organization'
  | 'project'
  | 'member'
  | 'user'
  | 'invitation'
  | 'api_key'
  | 'personal_token'
  | 'sign_in_token'
  | 'sandbox'
  | 'oauth_configuration'
  | 'mcp_oauth_client'

/** The page leaves renewals of tokens out. */
type EndUserAction = Exclude<Action, `${OperatorResource}:${string}` | 'mcp_credential:refresh'> | 'api_key:exchange'

const endOfAccess = 'End of the access of an application'
const connectLink = 'Link to connect an account'
const removedAccount = 'Removal of an account'

const titles: Readonly<Record<EndUserAction, string>> = {
  'api_key:exchange': 'Access for an application',
  'access_token:revoke': endOfAccess,
  'access_token:revoke_own': endOfAccess,
  'access_token:introspect': 'Check of the access of an application',
  'end_user:approve_sign_in': 'Confirmation of your sign-in',
  'end_user:sign_in': 'Sign-in',
  'end_user:sign_out': 'Sign-out',
  'end_user:forget': 'Deletion of your data',
  'oauth_grant:create': 'Your permission for an application',
  'oauth_grant:redeem': 'First access of an application',
  'oauth_grant:refresh': 'Renewed access of an application',
  'oauth_grant:replayed': 'End of the access of an application, whose token was used twice',
  'oauth_grant:revoke': endOfAccess,
  'oauth_grant:revoke_own': endOfAccess,
  'mcp_server:create': 'New MCP server',
  'mcp_server:update': 'Change of an MCP server',
  'mcp_server:delete': 'Removal of an MCP server',
  'mcp_server:test': 'Test of an MCP server',
  'mcp_credential:create': 'New account',
  'mcp_credential:update': 'Change of an account',
  'mcp_credential:revoke': removedAccount,
  'mcp_credential:revoke_own': removedAccount,
  'mcp_credential:lapse': 'Loss of the access to an account',
  'mcp_connection:start': connectLink,
  'mcp_connection:offer': connectLink,
  'mcp_connection:finish': 'Connection of an account',
  'mcp_approval:request': 'Question whether a tool may be called',
  'mcp_approval:spend': 'Call of a tool that a person approved',
  'mcp_approval:decide': 'Decision whether a tool may be called',
  'mcp_tool:call': 'Call of a tool',
}

export function eventTitle(action: string): string {
  if (Object.hasOwn(titles, action)) return titles[action as EndUserAction]
  // An event outlives an action that a later version no longer has.
  return Object.hasOwn(actions, action) ? actionTitle(action as Action) : action
}
