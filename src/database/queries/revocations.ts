/** Queries of the revocation lists, for the whole deployment and for one issuer. */
import { maxTokenTtlSeconds } from '../../entities/access-token.js'
import { addSeconds, epochSeconds } from '../../lib/clock.js'
import { toDate } from '../dialect.js'
import type { PreparedQuery } from '../query-runner.js'
import type { Row } from '../row-mapper.js'

/** Triggers increment an organization's version with each revocation, so every revocation in the deployment changes the sum. */
export const deploymentVersion: PreparedQuery = {
  name: 'revocation_version',
  sql: `select (select deleted_revocations from deployment_state)
    + coalesce((select sum(revocation_version) from organization where revocation_version > 0), 0) as version`,
}

/** No row for an organization without revocations to list; -1 for a deleted one. */
export const organizationVersion: PreparedQuery = {
  name: 'revocation_version_of_organization',
  sql: `with wanted (id) as (select cast(? as text))
    select coalesce(organization.revocation_version, -1) as version from wanted left join organization on organization.id = wanted.id
    where organization.id is not null or exists (select 1 from deleted_client where organization_id = wanted.id)`,
}

export const suspendedOrganizations: PreparedQuery = {
  name: 'suspended_organizations',
  sql: 'select id from organization where suspended_at is not null order by id',
}

/** The organization's id if it is suspended, otherwise no row. */
export const suspendedOrganization: PreparedQuery = {
  name: 'organization_if_suspended',
  sql: 'select id from organization where suspended_at is not null and id = ?',
}

/** Rows of one page, which block the event loop for about 3 ms. */
export const revocationPage = 2000

/** Maximum clock skew between two processes, in seconds. */
const maxClockSkewSeconds = 86_400

/** Query of one page after a two-column cursor, in index order, so that the cost of a page is constant. */
export interface RevocationSource {
  readonly query: PreparedQuery
  readonly columns: readonly [time: string, id: string]
  /** Time of the initial cursor. */
  readonly start: (now: Date) => Date
  /** Time at which the row leaves the list. */
  readonly until: (row: Row) => Date
  readonly entry: (row: Row) => unknown
  /** The query runs for each suspended organization, with its id and, for an issuer, the environment. */
  readonly isOfSuspended?: true
}

/** Times have a precision of milliseconds, so the next row is at least 1 ms after `now`. */
const afterNow = (now: Date): Date => new Date(now.getTime() + 1)

/** Rows that leave the list when they expire. */
const untilExpiry = (name: string, rows: string): RevocationSource => ({
  query: {
    name,
    sql: `select id, expires_at from ${rows} and (expires_at, id) > (?, ?) order by expires_at, id limit ${revocationPage}`,
  },
  columns: ['expires_at', 'id'],
  start: afterNow,
  until: (row) => toDate(row['expires_at']),
  entry: (row) => row['id'],
})

const tokens = (name: string, table: string, scope: string): RevocationSource =>
  untilExpiry(name, `${table} where revoked_at is not null ${scope}`)

/** API keys of deleted organizations. */
const deletedClients = (name: string, scope: string): RevocationSource => untilExpiry(name, `deleted_client where true ${scope}`)

/**
 * Revoked or suspended API keys. Neither is exchanged from then on: after the maximum token lifetime no token is live, so the
 * cost stays bounded.
 */
const clients = (name: string, column: 'revoked_at' | 'suspended_at', scope: string): RevocationSource => ({
  query: {
    name,
    sql: `select id, ${column}, (select max(expires_at) from access_token where api_key_id = api_key.id) as last_expires_at
      from api_key where ${column} is not null ${scope}
      and (${column}, id) > (?, ?) order by ${column}, id limit ${revocationPage}`,
  },
  columns: [column, 'id'],
  start: (now) => addSeconds(now, -maxTokenTtlSeconds - maxClockSkewSeconds),
  until: (row) => toDate(row['last_expires_at'] ?? 0),
  entry: (row) => row['id'],
})

/** API keys of suspended organizations: a suspension ends their tokens without revoking the keys. */
const clientsOfSuspended = (name: string, scope: string): RevocationSource => ({
  query: {
    name,
    sql: `select id, created_at, (select max(expires_at) from access_token where api_key_id = api_key.id) as last_expires_at
      from api_key where revoked_at is null and suspended_at is null and organization_id = ? ${scope}
      and (created_at, id) > (?, ?) order by created_at, id limit ${revocationPage}`,
  },
  columns: ['created_at', 'id'],
  start: () => new Date(0),
  until: (row) => toDate(row['last_expires_at'] ?? 0),
  entry: (row) => row['id'],
  isOfSuspended: true,
})

/** Reset sandboxes. All keys of a sandbox have the same reset time, so `distinct` gives one row for each project. */
const sandboxes = (name: string, scope: string): RevocationSource => ({
  query: {
    name,
    sql: `select distinct project_id, sandbox_reset_at, reset_tokens_expire_at from api_key where reset_tokens_expire_at is not null ${scope}
      and (reset_tokens_expire_at, project_id) > (?, ?) order by reset_tokens_expire_at, project_id limit ${revocationPage}`,
  },
  columns: ['reset_tokens_expire_at', 'project_id'],
  start: afterNow,
  until: (row) => toDate(row['reset_tokens_expire_at']),
  entry: (row) => ({ project: row['project_id'], issuedBefore: epochSeconds(toDate(row['sandbox_reset_at'])) }),
})

type Sources = Readonly<Record<'revokedTokens' | 'revokedClients' | 'revokedSandboxes', readonly RevocationSource[]>>

/** A key that is both suspended and revoked is listed as revoked. */
const unrevoked = 'and revoked_at is null'

export const deploymentRevocations: Sources = {
  revokedTokens: [
    tokens('revoked_access_tokens', 'access_token', ''),
    // Other services must not accept personal tokens; this entry protects a misconfigured one that does.
    tokens('revoked_personal_tokens', 'personal_token', ''),
  ],
  revokedClients: [
    clients('revoked_clients', 'revoked_at', ''),
    clients('suspended_clients', 'suspended_at', unrevoked),
    clientsOfSuspended('clients_of_suspended_organization', ''),
    deletedClients('deleted_clients', ''),
  ],
  revokedSandboxes: [sandboxes('reset_sandboxes', '')],
}

const ofOwnIssuer = 'and organization_id = ? and environment = ?'

export const issuerRevocations: Sources = {
  revokedTokens: [tokens('revoked_access_tokens_of_issuer', 'access_token', ofOwnIssuer)],
  revokedClients: [
    clients('revoked_clients_of_issuer', 'revoked_at', ofOwnIssuer),
    clients('suspended_clients_of_issuer', 'suspended_at', `${unrevoked} ${ofOwnIssuer}`),
    clientsOfSuspended('clients_of_suspended_issuer', 'and environment = ?'),
    deletedClients('deleted_clients_of_issuer', ofOwnIssuer),
  ],
  revokedSandboxes: [sandboxes('reset_sandboxes_of_issuer', ofOwnIssuer)],
}

/** All queries, for the measurement of their cost. */
export const revocationQueries = [deploymentRevocations, issuerRevocations]
  .flatMap((sources) => Object.values(sources).flat())
  .map(({ query }) => query)
