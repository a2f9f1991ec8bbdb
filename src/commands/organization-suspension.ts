/** `keyhouse organization list | suspend | resume`. */
import { systemContext, type Context } from '../context/context.js'
import type { Services } from '../context/services.js'
import { findOrganizations, listOrganizations } from '../database/unscoped-queries.js'
import type { Organization } from '../entities/organization.js'
import { resumeOrganization } from '../organizations/resume-organization.js'
import { suspendOrganization } from '../organizations/suspend-organization.js'
import { CommandError } from './command-error.js'

export interface ListedOrganization {
  readonly organizationId: string
  readonly name: string
  readonly createdAt: string
  /** Null: not suspended. */
  readonly suspendedAt: string | null
}

const toListed = ({ id, name, createdAt, suspendedAt }: Organization): ListedOrganization => ({
  organizationId: id,
  name,
  createdAt: createdAt.toISOString(),
  suspendedAt: suspendedAt?.toISOString() ?? null,
})

export const listByCommand = async (app: Services): Promise<ListedOrganization[]> => (await listOrganizations(app.orm)).map(toListed)

const change =
  (verb: (ctx: Context) => Promise<{ organization: Organization }>) =>
  async (app: Services, id: string): Promise<ListedOrganization> => {
    const [organization] = await findOrganizations(app.orm, id)
    if (!organization) throw new CommandError(`No organization has the id ${JSON.stringify(id)}: see "keyhouse organization list".`)
    return toListed((await verb(systemContext(app, organization.id))).organization)
  }

export const suspendByCommand = change(suspendOrganization)
export const resumeByCommand = change(resumeOrganization)
