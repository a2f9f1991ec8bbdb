/** `keyhouse api-key create`: the way back in when every key and token is lost. */
import { createApiKey } from '../api-keys/create-api-key.js'
import { systemContext } from '../context/context.js'
import type { Services } from '../context/services.js'
import { findOrganizations } from '../database/unscoped-queries.js'
import type { Environment } from '../entities/enums.js'
import { CommandError } from './command-error.js'

export interface ApiKeyOptions {
  readonly organization?: string
  readonly project?: string
  readonly environment: Environment
  readonly label?: string
  readonly permissions: readonly string[]
}

/** @throws CommandError when the organization is left out and there is not exactly one. */
async function findSoleOrganization(app: Services, id: string | undefined): Promise<string> {
  const organizations = await findOrganizations(app.orm, id)
  const [organization, second] = organizations
  if (!organization)
    throw new CommandError(
      id === undefined ? 'There is no organization yet: make one with "keyhouse organization create".' : 'No such organization.',
    )
  if (second)
    throw new CommandError(
      `There are several organizations; choose one with --organization: ${organizations.map((one) => one.id).join(', ')}`,
    )
  return organization.id
}

export async function createKeyByCommand(app: Services, options: ApiKeyOptions): Promise<{ apiKeyId: string; secret: string }> {
  const { environment, label, permissions, project } = options
  const ctx = systemContext(app, await findSoleOrganization(app, options.organization))
  const { apiKey, secret } = await createApiKey(ctx, {
    environment,
    permissions,
    label: label ?? null,
    projectId: project,
    expiresAt: null,
  })
  return { apiKeyId: apiKey.id, secret: secret.reveal() }
}
