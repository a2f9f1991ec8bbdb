/** `keyhouse organization`: definitions of its commands. */
import type { Command } from 'commander'

import { addExample, jsonOption, runAndPrint, type OutputOptions, type WithServices } from './definition.js'
import { bootstrapOrganization } from './organization-create.js'
import { listAllOrganizations, resume, suspend } from './organization-suspension.js'
import { formatOrganization, formatOrganizationList, formatSuspension } from './output.js'

export function addOrganizationCommands(program: Command, withServices: WithServices): void {
  const organizations = program.command('organization').description('create, list, suspend and resume organizations')

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
}
