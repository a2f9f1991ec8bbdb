/** The reads of the command line, which stands above tenants: the only unscoped ones outside the journal. */
import type { MikroORM } from '@mikro-orm/core'

import type { Services } from '../context/services.js'
import { Organization } from '../entities/organization.js'
import { SigningKey } from '../entities/signing-key.js'
import { User } from '../entities/user.js'
import { addSeconds } from '../lib/clock.js'
import { emailKeyOf } from '../lib/email.js'
import { jwksMaxAge } from '../signing-keys/jwks.js'
import type { Query } from './query-runner.js'

const unscoped = { filters: { tenant: false }, limit: 20 } as const

export const findOrganizations = (app: Services, id?: string): Promise<Organization[]> =>
  app.orm.em.fork().find(Organization, id === undefined ? {} : { id }, unscoped)

export const listOrganizations = (app: Services): Promise<Organization[]> =>
  app.orm.em.fork().find(Organization, {}, { filters: unscoped.filters, orderBy: { createdAt: 'asc', id: 'asc' } })

export const findUsers = (app: Services, email: string, organizationId?: string): Promise<User[]> =>
  app.orm.em.fork().find(User, { emailKey: emailKeyOf(email), ...(organizationId === undefined ? {} : { organizationId }) }, unscoped)

/** Every organization there is: for sweepers and the command line, which act as the system in one after the other. */
export async function organizationIds(orm: MikroORM): Promise<string[]> {
  const rows = await orm.em.fork().find(Organization, {}, { filters: { tenant: false }, orderBy: { id: 'ASC' } })
  return rows.map(({ id }) => id)
}

const liveAccessToken: Query = {
  name: 'live_access_token_of_signing_key',
  sql: 'select 1 as live from access_token where signing_key_id = ? and expires_at > ? limit 1',
}

const livePersonalToken: Query = {
  name: 'live_personal_token_of_signing_key',
  sql: 'select 1 as live from personal_token where signing_key_id = ? and expires_at > ? limit 1',
}

/** The last token that it signed has expired. What it signed a moment ago may still be on its way to the disk. */
export async function isSpent({ journal, clock }: Services, { id, supersededAt, createdAt }: SigningKey): Promise<boolean> {
  const now = clock()
  if (addSeconds(supersededAt ?? createdAt, jwksMaxAge) > now) return false
  const live = await Promise.all([liveAccessToken, livePersonalToken].map((query) => journal.read(query, [id, now])))
  return live.every((row) => row === undefined)
}
