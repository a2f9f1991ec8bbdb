/** The reads of the command line, which stands above tenants: the only unscoped ones outside the journal. */
import type { Services } from '../context/context.js'
import { Organization } from '../entities/organization.js'
import { User } from '../entities/user.js'
import { emailKeyOf } from '../lib/email.js'

const unscoped = { filters: { tenant: false }, limit: 20 } as const

export const findOrganizations = (app: Services, id?: string): Promise<Organization[]> =>
  app.orm.em.fork().find(Organization, id === undefined ? {} : { id }, unscoped)

export const listOrganizations = (app: Services): Promise<Organization[]> =>
  app.orm.em.fork().find(Organization, {}, { filters: unscoped.filters, orderBy: { createdAt: 'asc', id: 'asc' } })

export const findUsers = (app: Services, email: string, organizationId?: string): Promise<User[]> =>
  app.orm.em.fork().find(User, { emailKey: emailKeyOf(email), ...(organizationId === undefined ? {} : { organizationId }) }, unscoped)
