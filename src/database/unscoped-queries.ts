/** Unscoped queries of operators and maintenance, the only queries without a tenant outside the journal. */
import type { MikroORM } from '@mikro-orm/core'

import { McpConnection } from '../entities/mcp-connection.js'
import { McpCredential } from '../entities/mcp-credential.js'
import { McpOAuthClient } from '../entities/mcp-oauth-client.js'
import { Organization } from '../entities/organization.js'
import { Project } from '../entities/project.js'
import { User } from '../entities/user.js'
import { normalizeEmail } from '../lib/email.js'
import type { PreparedQuery } from './query-runner.js'

const unscoped = { filters: { tenant: false }, limit: 20 } as const

/** At most 20 organizations. */
export const findOrganizations = (orm: MikroORM, id?: string): Promise<Organization[]> =>
  orm.em.fork().find(Organization, id === undefined ? {} : { id }, unscoped)

/** All organizations, oldest first. */
export const listOrganizations = (orm: MikroORM): Promise<Organization[]> =>
  orm.em.fork().find(Organization, {}, { filters: unscoped.filters, orderBy: { createdAt: 'asc', id: 'asc' } })

/** At most 20 users with the e-mail address. */
export const findUsers = (orm: MikroORM, email: string, organizationId?: string): Promise<User[]> =>
  orm.em.fork().find(User, { emailKey: normalizeEmail(email), ...(organizationId === undefined ? {} : { organizationId }) }, unscoped)

/** Ids of all organizations that have an audit chain, which ends when rows are being deleted: maintenance tasks and the command line act as the system in each. */
export async function listOrganizationIds(orm: MikroORM): Promise<string[]> {
  const rows = await orm.em.fork().find(Organization, { trailArchivedAt: null }, { filters: { tenant: false }, orderBy: { id: 'ASC' } })
  return rows.map(({ id }) => id)
}

/** A row if an unexpired access token of the signing key exists. */
export const liveAccessToken: PreparedQuery = {
  name: 'live_access_token_of_signing_key',
  sql: 'select 1 as live from access_token where signing_key_id = ? and expires_at > ? limit 1',
}

/** A row if an unexpired personal token of the signing key exists. */
export const livePersonalToken: PreparedQuery = {
  name: 'live_personal_token_of_signing_key',
  sql: 'select 1 as live from personal_token where signing_key_id = ? and expires_at > ? limit 1',
}

/** The credential of any owner. The caller was authorized to use it, or renews it. */
export const findCredentialOfAnyOwner = (
  orm: MikroORM,
  { id, organizationId }: Pick<McpCredential, 'id' | 'organizationId'>,
): Promise<McpCredential | null> =>
  orm.em.fork().findOne(McpCredential, { id, organizationId }, { filters: { tenant: false, owner: false } })

/** Where a link to connect an account leads to, before anybody is known: only the place of the row may be used. */
export const findConnectionPlace = (
  orm: MikroORM,
  id: string,
): Promise<Pick<McpConnection, 'organizationId' | 'projectId' | 'environment'> | null> =>
  orm.em.fork().findOne(McpConnection, { id }, { filters: { tenant: false, owner: false } })

/** The project of a public page: only its organization may be used. */
export const findProjectById = (orm: MikroORM, id: string): Promise<Pick<Project, 'organizationId'> | null> =>
  orm.em.fork().findOne(Project, { id }, { filters: { tenant: false } })

/** The client of a callback, or of a public document. */
export const findOAuthClientById = (orm: MikroORM, id: string): Promise<McpOAuthClient | null> =>
  orm.em.fork().findOne(McpOAuthClient, { id }, { filters: { tenant: false } })
