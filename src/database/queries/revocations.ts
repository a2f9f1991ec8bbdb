import { maxTokenTtlSeconds } from '../../entities/access-token.js'
import { addSeconds, epochSeconds } from '../../lib/clock.js'
import type { PreparedQuery } from '../query-runner.js'
import type { Row } from '../row-mapper.js'

/** Triggers raise the version of an organization with each revocation, so the sum changes with each in the deployment. */
export const deploymentVersion: PreparedQuery = {
  name: 'revocation_version',
  sql: 'select sum(revocation_version) as version from organization where revocation_version > 0',
}

export const organizationVersion: PreparedQuery = {
  name: 'revocation_version_of_organization',
  sql: 'select revocation_version as version from organization where id = ?',
}

/** Rows that are read and written in one turn of the event loop: about 3 ms. */
export const revocationPage = 2000

/** Seconds by which the clocks of two processes may differ. */
const skew = 86_400

/** A query of one page: rows after a cursor of two columns, in the order of an index. The work of a page never grows. */
export interface Source {
  readonly query: PreparedQuery
  readonly columns: readonly [time: string, id: string]
  readonly start: (now: Date) => Date
  /** Until when the row is listed. */
  readonly until: (row: Row) => Date
  readonly entry: (row: Row) => unknown
  /** Asked for each suspended organization, by its id and, for an issuer, the environment. */
  readonly isOfSuspended?: true
}

const time = (value: unknown): Date => new Date(value as string | number | Date)

/** Times have milliseconds, so the first row after `now` is at the next one or later. */
const afterNow = (now: Date): Date => new Date(now.getTime() + 1)

const tokens = (name: string, table: string, scope: string): Source => ({
  query: {
    name,
    sql: `select id, expires_at from ${table} where revoked_at is not null ${scope}
      and (expires_at, id) > (?, ?) order by expires_at, id limit ${revocationPage}`,
  },
  columns: ['expires_at', 'id'],
  start: afterNow,
  until: (row) => time(row['expires_at']),
  entry: (row) => row['id'],
})

/** A key that was revoked longer ago than the longest token lasts has none left, so the work does not grow with the history. */
const clients = (name: string, scope: string): Source => ({
  query: {
    name,
    sql: `select id, revoked_at, (select max(expires_at) from access_token where api_key_id = api_key.id) as last_expires_at
      from api_key where revoked_at is not null ${scope}
      and (revoked_at, id) > (?, ?) order by revoked_at, id limit ${revocationPage}`,
  },
  columns: ['revoked_at', 'id'],
  start: (now) => addSeconds(now, -maxTokenTtlSeconds - skew),
  until: (row) => time(row['last_expires_at'] ?? 0),
  entry: (row) => row['id'],
})

/** Suspending an organization ends its tokens without revoking its keys. */
const suspendedClients = (name: string, scope: string): Source => ({
  query: {
    name,
    sql: `select id, created_at, (select max(expires_at) from access_token where api_key_id = api_key.id) as last_expires_at
      from api_key where revoked_at is null and organization_id = ? ${scope}
      and (created_at, id) > (?, ?) order by created_at, id limit ${revocationPage}`,
  },
  columns: ['created_at', 'id'],
  start: () => new Date(0),
  until: (row) => time(row['last_expires_at'] ?? 0),
  entry: (row) => row['id'],
  isOfSuspended: true,
})

export const suspended: PreparedQuery = {
  name: 'suspended_organizations',
  sql: 'select id from organization where suspended_at is not null order by id',
}

export const ifSuspended: PreparedQuery = {
  name: 'organization_if_suspended',
  sql: 'select id from organization where suspended_at is not null and id = ?',
}

/** The keys of a sandbox bear the same mark, so distinct rows are one a project. */
const sandboxes = (name: string, scope: string): Source => ({
  query: {
    name,
    sql: `select distinct project_id, sandbox_reset_at, reset_tokens_expire_at from api_key where reset_tokens_expire_at is not null ${scope}
      and (reset_tokens_expire_at, project_id) > (?, ?) order by reset_tokens_expire_at, project_id limit ${revocationPage}`,
  },
  columns: ['reset_tokens_expire_at', 'project_id'],
  start: afterNow,
  until: (row) => time(row['reset_tokens_expire_at']),
  entry: (row) => ({ project: row['project_id'], issuedBefore: epochSeconds(time(row['sandbox_reset_at'])) }),
})

type Sources = Readonly<Record<'revokedTokens' | 'revokedClients' | 'revokedSandboxes', readonly Source[]>>

export const ofDeployment: Sources = {
  revokedTokens: [
    tokens('revoked_access_tokens', 'access_token', ''),
    // No other service should take one; a misconfigured one that does learns of its end.
    tokens('revoked_personal_tokens', 'personal_token', ''),
  ],
  revokedClients: [clients('revoked_clients', ''), suspendedClients('suspended_clients', '')],
  revokedSandboxes: [sandboxes('reset_sandboxes', '')],
}

const own = 'and organization_id = ? and environment = ?'

export const ofIssuer: Sources = {
  revokedTokens: [tokens('revoked_access_tokens_of_issuer', 'access_token', own)],
  revokedClients: [clients('revoked_clients_of_issuer', own), suspendedClients('suspended_clients_of_issuer', 'and environment = ?')],
  revokedSandboxes: [sandboxes('reset_sandboxes_of_issuer', own)],
}

/** For measuring what they cost. */
export const revocationQueries = [ofDeployment, ofIssuer].flatMap((sources) => Object.values(sources).flat()).map(({ query }) => query)
