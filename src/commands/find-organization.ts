/** Finds the organization of a command. */
import type { Services } from '../context/services.js'
import { findOrganizations } from '../database/unscoped-queries.js'
import { CommandError } from './command-error.js'

/** @throws CommandError for an unknown id, or when the id is omitted and there is not exactly one organization */
export async function findSoleOrganization(services: Services, id: string | undefined): Promise<string> {
  const organizations = await findOrganizations(services.orm, id)
  const [organization, second] = organizations
  if (!organization)
    throw new CommandError(
      id === undefined
        ? 'There is no organization yet: create one with "keyhouse organization create".'
        : 'No organization has this id. See "keyhouse organization list".',
    )
  if (second)
    throw new CommandError(
      `There are several organizations. Choose one with --organization: ${organizations.map((candidate) => candidate.id).join(', ')}`,
    )
  return organization.id
}
