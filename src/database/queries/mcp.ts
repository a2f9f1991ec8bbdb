/** Prepared queries of MCP servers and their credentials. */
import type { PreparedQuery } from '../query-runner.js'

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
        and revoked_at is null and (expires_at is null or expires_at > ?)
      order by created_at desc, id desc limit 1
    ) as newest on true
    where id = ? and organization_id = ? and project_id = ? and environment = ? and owner_key in ('backend', ?)`,
}

/** Counts the credential if it is not revoked. */
export const credentialIsLive: PreparedQuery = {
  name: 'mcp_credential_stands',
  sql: 'select count(*) as standing from mcp_credential where id = ? and revoked_at is null',
}

export const serverVersion: PreparedQuery = { name: 'mcp_server_stands', sql: 'select updated_at from mcp_server where id = ?' }
