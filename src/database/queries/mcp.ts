/** Queries of MCP servers, their credentials and tool approvals. */
import { raw } from '@mikro-orm/core'

import type { PreparedQuery } from '../query-runner.js'
import type { Condition } from './lists.js'
import { isLiveMcpCredential, isLiveSharedMcpCredential } from './live-credentials.js'

const credentialColumns = (alias: string): string =>
  [
    'id',
    'auth_type',
    'origin',
    'sealed_value',
    'expires_at',
    'version',
    'health_status',
    'access_expires_at',
    'renew_at',
    'refresh_version',
  ]
    .map((column) => `${alias}.${column} as ${alias}_${column}`)
    .join(', ')

/**
 * MCP server with the latest live credential of the caller, the backend or one end user, and the live credential that the
 * server shares with end users. An end user may use the backend's servers. The backend cannot use servers of its end users.
 */
export const serverWithCredentials: PreparedQuery = {
  name: 'usable_mcp_server',
  sql: `select mcp_server.*, ${credentialColumns('own')}, ${credentialColumns('shared')},
      own.needed_scopes is not null as own_lacks_scopes from mcp_server
    left join (
      select * from mcp_credential
      where server_id = ? and organization_id = ? and project_id = ? and environment = ? and coalesce(end_user_id, '') = ?
        and ${isLiveMcpCredential}
      order by created_at desc, id desc limit 1
    ) as own on true
    left join mcp_credential as shared on shared.id = mcp_server.shared_credential_id and shared.server_id = mcp_server.id
      and shared.end_user_id is null and ${isLiveSharedMcpCredential}
    where mcp_server.id = ? and mcp_server.organization_id = ? and mcp_server.project_id = ? and mcp_server.environment = ?
      and mcp_server.owner_key in ('backend', ?)`,
}

/** Version of the credential's value if it is live, otherwise no row. */
export const liveCredentialVersion: PreparedQuery = {
  name: 'live_mcp_credential',
  sql: `select version from mcp_credential where id = ? and ${isLiveMcpCredential}`,
}

export const serverVersion: PreparedQuery = { name: 'mcp_server_stands', sql: 'select updated_at from mcp_server where id = ?' }

/** Tenant, project and environment of a server, of any owner. */
export const serverPlace: PreparedQuery = {
  name: 'mcp_server_place',
  sql: 'select organization_id, project_id, environment from mcp_server where id = ?',
}

/** Approvals that the API key requested first: its id is the first element of the JSON array. Ids need no escaping in JSON. */
export const hasFirstRequester = (apiKeyId: string): Condition => ({ [raw('cast(requested_by as text) like ?', [`["${apiKeyId}"%`])]: [] })
