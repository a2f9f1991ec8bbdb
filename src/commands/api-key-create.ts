/** `keyhouse api-key create`: creates an API key, which recovers access when every credential is lost. */
import { Option, type Command } from 'commander'

import { createApiKey } from '../api-keys/create-api-key.js'
import { systemContext } from '../context/context.js'
import type { Services } from '../context/services.js'
import type { Environment } from '../entities/enums.js'
import { addExample, jsonOption, runAndPrint, type OutputOptions, type WithServices } from './definition.js'
import { findSoleOrganization } from './find-organization.js'
import { formatColumns } from './output.js'

export interface ApiKeyOptions {
  readonly organization?: string
  readonly project?: string
  readonly environment: Environment
  readonly label?: string
  readonly permissions: readonly string[]
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

export function addApiKeyCreation(group: Command, withServices: WithServices): void {
  const command = group
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
