/** `keyhouse organization`: definitions of its commands. */
import type { Command } from 'commander'

import { addExample, jsonOption, runAndPrint, type OutputOptions, type WithServices } from './definition.js'
import { bootstrapOrganization, type BootstrapResult } from './organization-create.js'
import { deleteById, type DeletedOrganization, type DeletionOptions } from './organization-delete.js'
import { listAllOrganizations, resume, suspend, type ListedOrganization } from './organization-suspension.js'
import { formatColumns, formatTime } from './output.js'

const formatOrganization = ({ organizationId, projectId, sandboxApiKey, sandboxIssuer, adminToken }: BootstrapResult): string =>
  `${formatColumns([
    ['Organization', organizationId],
    ['Project', projectId],
    ['Issuer of sandbox tokens', sandboxIssuer],
    ['Sandbox API key', sandboxApiKey],
    ["Admin's LOGIN token", adminToken],
  ])}\n\nThese secrets are shown once. Store them now. The token is valid for 12 hours.`

function formatState({ suspendedAt, deletionRequestedAt }: ListedOrganization): string {
  if (deletionRequestedAt !== null) return ` (being deleted since ${formatTime(new Date(deletionRequestedAt))}: repeat the command)`
  return suspendedAt === null ? '' : ` (suspended since ${formatTime(new Date(suspendedAt))})`
}

const formatOrganizationList = (organizations: readonly ListedOrganization[]): string =>
  organizations.length === 0
    ? 'There is no organization yet: create one with "keyhouse organization create".'
    : formatColumns(organizations.map((organization) => [organization.organizationId, `${organization.name}${formatState(organization)}`]))

const formatSuspension = ({ organizationId, name, suspendedAt }: ListedOrganization): string =>
  suspendedAt === null
    ? `${name} is active. Its credentials work, unless they were revoked or have expired.`
    : `${name} is suspended: this server refuses all of its credentials. Resume it with "keyhouse organization resume ${organizationId}".
Services that verify tokens offline refuse them at their next poll of the revocation list.`

const formatDeletion = ({ organizationId, name, archive }: DeletedOrganization): string =>
  `${name} (${organizationId}) is deleted, with everything that belonged to it.
Its audit trail is in ${archive}. Copy the key set beside it, to verify it later: /.well-known/audit-jwks.json`

export function addOrganizationCommands(program: Command, withServices: WithServices): void {
  const organizations = program.command('organization').description('create, list, suspend, resume and delete organizations')

  const creating = organizations
    .command('create')
    .description('create an organization with a project, a sandbox key and an admin')
    .requiredOption('--name <name>', 'name of the organization')
    .requiredOption('--email <address>', 'e-mail address of the first admin')
    .option(...jsonOption)
    .action((options: { name: string; email: string } & OutputOptions) =>
      runAndPrint(withServices, options, (services) => bootstrapOrganization(services, options), formatOrganization),
    )
  addExample(creating, 'organization create --name Acme --email ada@example.com')

  const listing = organizations
    .command('list')
    .description('list all organizations, oldest first')
    .option(...jsonOption)
    .action((options: OutputOptions) => runAndPrint(withServices, options, listAllOrganizations, formatOrganizationList))
  addExample(listing, 'organization list --json')

  const suspending = organizations
    .command('suspend')
    .description('refuse every credential of an organization from now on, until it is resumed')
    .argument('<id>', 'id of the organization')
    .option(...jsonOption)
    .action((id: string, options: OutputOptions) =>
      runAndPrint(withServices, options, (services) => suspend(services, id), formatSuspension),
    )
  addExample(suspending, 'organization suspend org_…')

  const resuming = organizations
    .command('resume')
    .description('accept the credentials of a suspended organization again')
    .argument('<id>', 'id of the organization')
    .option(...jsonOption)
    .action((id: string, options: OutputOptions) =>
      runAndPrint(withServices, options, (services) => resume(services, id), formatSuspension),
    )
  addExample(resuming, 'organization resume org_…')

  const deleting = organizations
    .command('delete')
    .description('delete an organization for good, after writing its audit trail to a file; repeat it if it was interrupted')
    .argument('<id>', 'id of the organization')
    .requiredOption('--archive <file>', 'new file for the audit trail')
    .option('--confirm <name>', 'name of the organization, instead of typing it on the terminal')
    .option(...jsonOption)
    .action((id: string, options: DeletionOptions & OutputOptions) =>
      runAndPrint(withServices, options, (services) => deleteById(services, id, options), formatDeletion),
    )
  addExample(deleting, 'organization delete org_… --archive org_….ndjson --confirm Acme')
}
