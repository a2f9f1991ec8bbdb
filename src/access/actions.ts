/** Catalogue of actions: the audited changes with the permission that each requires. Audit action names and test matrices derive from it. */
import type { KeyhousePermission } from './permission-definitions.js'

interface ActionRow {
  /** Permission that the actor must hold; null: authentication is enough. */
  readonly permission: KeyhousePermission | null
  /** Its effect has no expiry, so RESTRICTED and EPHEMERAL tokens cannot do it (docs/decisions/0179). */
  readonly grantsLastingRights?: true
  /** The verb only inserts rows, so it joins a group commit and gets no `em` (journal/). */
  readonly appendOnly?: true
}

/** A row may omit the permission if the action has the name of one, which is then required. */
type ActionRows<Name extends PropertyKey> = { readonly [A in Name]: A extends KeyhousePermission ? Partial<ActionRow> : ActionRow }

type Actions<Rows> = {
  readonly [A in keyof Rows]: Rows[A] & { readonly permission: Rows[A] extends { permission: infer P } ? P : A }
}

const defineActions = <const Rows extends ActionRows<keyof Rows>>(rows: Rows): Actions<Rows> =>
  Object.fromEntries(Object.entries<Partial<ActionRow>>(rows).map(([name, row]) => [name, { permission: name, ...row }])) as Actions<Rows>

/** Every audited change. `{}`: it requires the permission of its own name. */
export const actions = defineActions({
  'organization:create': { permission: null },
  'organization:suspend': { permission: null },
  'organization:update': {},
  'organization:resume': { permission: null },
  'organization:delete': { permission: null },
  'api_key:create': {},
  'api_key:import': { permission: 'api_key:create' },
  'api_key:update': {},
  'api_key:rotate': {},
  'api_key:end_overlap': { permission: null },
  'api_key:revoke': {},
  'api_key:suspend': {},
  'api_key:resume': { permission: 'api_key:suspend' },
  'api_key:report_leaked': { permission: null },
  'api_key:verify': {},
  'api_key:exchange': { permission: null, appendOnly: true },
  'project:create': { grantsLastingRights: true },
  'project:update': {},
  'member:invite': { grantsLastingRights: true },
  'member:update': { grantsLastingRights: true },
  'member:remove': {},
  'user:update_own': { permission: null, grantsLastingRights: true },
  'invitation:revoke': { permission: 'member:invite' },
  'invitation:accept': { permission: null },
  'access_token:revoke': {},
  'access_token:revoke_own': { permission: null },
  'access_token:introspect': {},
  'personal_token:create': { permission: null },
  'personal_token:reveal': { permission: null },
  'personal_token:revoke': {},
  'personal_token:revoke_own': { permission: null },
  'personal_token:revoke_all': { permission: null },
  'sandbox:reset': {},
  'sign_in_token:create': { permission: 'member:update', grantsLastingRights: true },
  'sign_in_token:use': { permission: null },
  'end_user:forget': {},
  'end_user:approve_sign_in': { permission: null },
  'end_user:sign_in': { permission: null },
  'end_user:sign_out': { permission: null },
  'oauth_configuration:set': { permission: 'oauth_configuration:update', grantsLastingRights: true },
  'oauth_configuration:delete': { permission: 'oauth_configuration:update' },
  'oauth_grant:create': { permission: null },
  'oauth_grant:redeem': { permission: null },
  'oauth_grant:refresh': { permission: null },
  'oauth_grant:replayed': { permission: null },
  'oauth_grant:revoke': {},
  'oauth_grant:revoke_own': { permission: null },
  'mcp_server:create': {},
  'mcp_server:update': {},
  'mcp_server:delete': {},
  'mcp_server:test': {},
  'mcp_credential:create': {},
  'mcp_credential:update': { permission: 'mcp_credential:create' },
  'mcp_credential:revoke': {},
  'mcp_credential:revoke_own': { permission: null },
  'mcp_credential:refresh': { permission: null },
  'mcp_credential:lapse': { permission: null },
  'mcp_connection:start': { permission: 'mcp_credential:create' },
  'mcp_connection:offer': { permission: 'mcp_server:use' },
  'mcp_connection:finish': { permission: null },
  'mcp_oauth_client:create': {},
  'mcp_oauth_client:update': { permission: 'mcp_oauth_client:create' },
  'mcp_oauth_client:delete': {},
  'mcp_oauth_client:retire': { permission: null },
  'mcp_approval:request': { permission: 'mcp_server:use' },
  'mcp_approval:spend': { permission: 'mcp_server:use' },
  'mcp_approval:decide': {},
  'mcp_tool:call': { permission: null, appendOnly: true },
})

/** Name of an audited change, as written to the audit trail. */
export type Action = keyof typeof actions

/** Actions whose verbs only insert rows. */
export type AppendOnlyAction = { [A in Action]: (typeof actions)[A] extends { appendOnly: true } ? A : never }[Action]

export const getAction = (action: Action): ActionRow => actions[action]
