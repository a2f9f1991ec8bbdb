/** `keyhouse organization create`: creates an organization with a project, a sandbox key and an admin. */
import { createApiKey } from '../api-keys/create-api-key.js'
import { systemContext } from '../context/context.js'
import type { Services } from '../context/services.js'
import { issuerUrl } from '../lib/issuer.js'
import { createOrganization } from '../organizations/create-organization.js'
import { createLoginToken } from '../personal-tokens/create-login-token.js'

export interface BootstrapResult {
  readonly organizationId: string
  readonly projectId: string
  readonly sandboxApiKey: string
  /** `iss` of the access tokens that this key is exchanged for. */
  readonly sandboxIssuer: string
  /** LOGIN token of the admin. */
  readonly adminToken: string
}

export async function bootstrapOrganization(
  services: Services,
  { name, email }: { name: string; email: string },
): Promise<BootstrapResult> {
  const { organizationId, projectId, userId } = await createOrganization(services, { name, email, userName: 'Admin' })
  const ctx = systemContext(services, organizationId)
  const { secret } = await createApiKey(ctx, {
    label: 'First sandbox key',
    environment: 'SANDBOX',
    projectId,
    permissions: ['*'],
    expiresAt: null,
  })
  const { token } = await createLoginToken(ctx, userId)
  const sandboxIssuer = issuerUrl(services.config.url, organizationId, 'SANDBOX')
  return { organizationId, projectId, sandboxApiKey: secret.reveal(), sandboxIssuer, adminToken: token }
}
