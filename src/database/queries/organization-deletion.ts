/** Statements that delete an organization: each deletes a batch, so that no other tenant waits for a long transaction. */

/** A batch blocks SQLite's writers for a few milliseconds. */
export const deletionBatch = 500

/** Deletes some rows of the organization. PostgreSQL scans by `ctid` only for an array. */
export const deleteRowsOfOrganization = (table: string, isPostgres: boolean): string => {
  const batch = (row: string): string => `select ${row} from "${table}" where organization_id = ? limit ${deletionBatch}`
  return `delete from "${table}" where ${isPostgres ? `ctid = any(array(${batch('ctid')}))` : `rowid in (${batch('rowid')})`}`
}

/** Allows the deletion of audit events. Affects no row if the request was withdrawn. Parameters: now, organization. */
export const markArchived = 'update organization set trail_archived_at = ? where id = ? and deletion_requested_at is not null'

/** Keeps the API keys whose access tokens are unexpired in the revocation lists. Parameters: organization, now. */
export const keepRevokedClients = `insert into deleted_client (id, organization_id, environment, expires_at)
  select id, organization_id, environment, (select max(expires_at) from access_token where api_key_id = api_key.id)
  from api_key where organization_id = ? and exists (select 1 from access_token where api_key_id = api_key.id and expires_at > ?)`

export const deleteExpiredClients = 'delete from deleted_client where expires_at <= ?'

/** Closes the chain: without its head, neither database accepts a further event. */
export const deleteHead = 'delete from audit_head where organization_id = ?'

/** The version of the deployment's revocation list is a sum, which must not return to an earlier value. */
export const keepRevocationVersion = `update deployment_state set deleted_revocations = deleted_revocations
  + (select revocation_version from organization where id = ?)`

export const deleteOrganizationRow = 'delete from organization where id = ?'

/** Usage that another process wrote after its organization was deleted. `ids` steps through the primary key, not through all rows. */
export const deleteOrphanedUsage = `with recursive ids (id) as (
    select min(organization_id) from usage_count
    union all select (select min(organization_id) from usage_count where organization_id > ids.id) from ids where ids.id is not null
  ) delete from usage_count where organization_id in
    (select id from ids where id is not null and not exists (select 1 from organization where organization.id = ids.id))`
