/** Titles of actions, for user interfaces that filter the audit trail. */
import type { Action } from './actions.js'
import { permissions, type KeyhousePermission } from './permission-definitions.js'

/** Titles of the actions that have no permission of their own name. */
const titles: Readonly<Record<Exclude<Action, KeyhousePermission>, string>> = {
  'organization:create': 'Create organizations',
  'organization:suspend': 'Suspend the organization',
  'organization:resume': 'Resume the organization',
  'organization:delete': 'Delete an organization',
  'api_key:import': 'Import API keys',
  'api_key:report_leaked': 'Report leaked API keys',
  'api_key:end_overlap': 'End the overlap of a rotation',
  'api_key:resume': 'Resume API keys',
  'api_key:exchange': 'Exchange API keys for access tokens',
  'access_token:revoke_own': 'Revoke access tokens of the own API key',
  'user:update_own': 'Change own name',
  'invitation:revoke': 'Revoke invitations',
  'invitation:accept': 'Accept invitations',
  'personal_token:create': 'Create personal tokens',
  'personal_token:reveal': 'Reveal personal tokens',
  'personal_token:revoke_own': 'Revoke own personal tokens',
  'personal_token:revoke_all': 'Revoke all own personal tokens',
  'sign_in_token:create': 'Create sign-in tokens',
  'sign_in_token:use': 'Sign in',
  'mcp_credential:update': 'Change credentials',
  'mcp_credential:revoke_own': 'Disconnect own accounts',
  'mcp_credential:refresh': 'Renew OAuth credentials',
  'mcp_credential:lapse': 'Lose OAuth credentials',
  'mcp_connection:start': 'Start to connect accounts',
  'mcp_connection:offer': 'Offer to connect accounts',
  'mcp_connection:finish': 'Connect accounts',
  'mcp_oauth_client:update': 'Replace secrets of OAuth clients',
  'mcp_oauth_client:retire': 'Retire OAuth clients',
  'mcp_approval:request': 'Request approvals',
  'mcp_approval:spend': 'Use approvals',
  'end_user:approve_sign_in': 'Confirm sign-ins of end users',
  'end_user:sign_in': 'Sign in end users',
  'end_user:sign_out': 'Sign out end users',
  'oauth_configuration:set': 'Set OAuth configurations',
  'oauth_configuration:delete': 'Delete OAuth configurations',
  'oauth_grant:create': 'Consent to OAuth clients',
  'oauth_grant:redeem': 'Redeem authorization codes',
  'oauth_grant:refresh': 'Refresh OAuth grants',
  'oauth_grant:replayed': 'Revoke replayed OAuth grants',
  'oauth_grant:revoke_own': 'Revoke own OAuth grants',
  'mcp_tool:call': 'Call MCP tools',
}

export const actionTitle = (action: Action): string =>
  action in permissions ? permissions[action as KeyhousePermission].title : titles[action as keyof typeof titles]
