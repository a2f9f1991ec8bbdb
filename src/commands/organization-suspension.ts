/** `keyhouse organization list | suspend | resume`: lists organizations, and changes their suspension. */
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
  /** ISO 8601; null when not suspended. */
  readonly suspendedAt: string | null
  /** ISO 8601; null when no deletion was requested. */
  readonly deletionRequestedAt: string | null
}

const toListed = ({ id, name, createdAt, suspendedAt, deletionRequestedAt }: Organization): ListedOrganization => ({
  organizationId: id,
  name,
  createdAt: createdAt.toISOString(),
  suspendedAt: suspendedAt?.toISOString() ?? null,
  deletionRequestedAt: deletionRequestedAt?.toISOString() ?? null,
})

export const listAllOrganizations = async (services: Services): Promise<ListedOrganization[]> =>
  (await listOrganizations(services.orm)).map(toListed)

const toCommand =
  (operation: (ctx: Context) => Promise<{ organization: Organization }>) =>
  async (services: Services, id: string): Promise<ListedOrganization> => {
    const [organization] = await findOrganizations(services.orm, id)
    if (!organization) throw new CommandError(`No organization has the id ${JSON.stringify(id)}. See "keyhouse organization list".`)
    return toListed((await operation(systemContext(services, organization.id))).organization)
  }

export const suspend = toCommand(suspendOrganization)
export const resume = toCommand(resumeOrganization)
