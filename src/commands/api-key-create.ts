/** `keyhouse api-key create`: creates an API key, which recovers access when every credential is lost. */
import { Option, type Command } from 'commander'

import { createApiKey } from '../api-keys/create-api-key.js'
import { systemContext } from '../context/context.js'
import type { Services } from '../context/services.js'
import { findOrganizations } from '../database/unscoped-queries.js'
import type { Environment } from '../entities/enums.js'
import { CommandError } from './command-error.js'
import { addExample, jsonOption, runAndPrint, type OutputOptions, type WithServices } from './definition.js'
import { formatColumns } from './output.js'

export interface ApiKeyOptions {
  readonly organization?: string
  readonly project?: string
  readonly environment: Environment
  readonly label?: string
  readonly permissions: readonly string[]
}

/** @throws CommandError for an unknown id, or when the id is omitted and there is not exactly one organization */
async function findSoleOrganization(services: Services, id: string | undefined): Promise<string> {
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

/** @throws CommandError or DomainError */
export async function createKey(services: Services, options: ApiKeyOptions): Promise<{ apiKeyId: string; secret: string }> {
  const { environment, label, permissions, project } = options
  const ctx = systemContext(services, await findSoleOrganization(services, options.organization))
  const { apiKey, secret } = await createApiKey(ctx, {
    environment,
    permissions,
    label: label ?? null,
    projectId: project,
    expiresAt: null,
  })
  return { apiKeyId: apiKey.id, secret: secret.reveal() }
}

const formatApiKey = ({ apiKeyId, secret }: { apiKeyId: string; secret: string }): string =>
  `${formatColumns([
    ['API key', secret],
    ['Its id', apiKeyId],
  ])}\n\nThe key is shown once. Store it now.`

export function addApiKeyCommands(program: Command, withServices: WithServices): void {
  const command = program
    .command('api-key')
    .description('create API keys')
    .command('create')
    .description('create an API key, which recovers access when every credential is lost')
    .option('--organization <id>', 'id of the organization; required when there are several')
    .option('--project <id>', 'id of the project; the default is the first one')
    .addOption(new Option('--environment <environment>', 'environment of the key').choices(['SANDBOX', 'PRODUCTION']).default('SANDBOX'))
    .option('--label <text>', 'label of the key')
    .option('--permissions <list...>', 'permissions, such as agent:read; the default is all that a key may have', ['*'])
    .option(...jsonOption)
    .action((options: ApiKeyOptions & OutputOptions) =>
      runAndPrint(withServices, options, (services) => createKey(services, options), formatApiKey),
    )
  addExample(command, 'api-key create --label CI --permissions agent:read agent:create')
}
