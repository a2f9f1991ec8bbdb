/** Queries of MCP servers, their credentials and tool approvals. */
import { raw } from '@mikro-orm/core'

import type { PreparedQuery } from '../query-runner.js'
import type { Condition } from './lists.js'
import { isLiveMcpCredential } from './live-credentials.js'

/**
 * MCP server with the latest live credential of the caller: the backend or one end user.
 * An end user may use the backend's servers. The backend cannot use servers of its end users.
 */
export const serverWithCredential: PreparedQuery = {
  name: 'usable_mcp_server',
  sql: `select * from mcp_server left join (
      select id as credential_id, auth_type as credential_type, origin as credential_origin, sealed_value as credential_value,
        expires_at as credential_ends
      from mcp_credential
      where server_id = ? and organization_id = ? and project_id = ? and environment = ? and coalesce(end_user_id, '') = ?
        and ${isLiveMcpCredential}
      order by created_at desc, id desc limit 1
    ) as newest on true
    where id = ? and organization_id = ? and project_id = ? and environment = ? and owner_key in ('backend', ?)`,
}

/** The credential's id if it is live, otherwise no row. */
export const liveCredential: PreparedQuery = {
  name: 'live_mcp_credential',
  sql: `select id from mcp_credential where id = ? and ${isLiveMcpCredential}`,
}

export const serverVersion: PreparedQuery = { name: 'mcp_server_stands', sql: 'select updated_at from mcp_server where id = ?' }

/** Approvals that the API key requested first: its id is the first element of the JSON array. Ids need no escaping in JSON. */
export const hasFirstRequester = (apiKeyId: string): Condition => ({ [raw('cast(requested_by as text) like ?', [`["${apiKeyId}"%`])]: [] })
