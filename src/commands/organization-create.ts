/** `keyhouse organization create`: an organization with its first key and its first admin. */
import { createApiKey } from '../api-keys/create-api-key.js'
import { systemContext } from '../context/context.js'
import type { Services } from '../context/services.js'
import { issuerUrl } from '../lib/issuer.js'
import { createOrganization } from '../organizations/create-organization.js'
import { createLoginToken } from '../personal-tokens/create-login-token.js'

export interface Bootstrapped {
  readonly organizationId: string
  readonly projectId: string
  readonly sandboxApiKey: string
  /** The `iss` of the tokens that this key is exchanged for. */
  readonly sandboxIssuer: string
  readonly adminToken: string
}

export async function bootstrapOrganization(app: Services, { name, email }: { name: string; email: string }): Promise<Bootstrapped> {
  const { organizationId, projectId, userId } = await createOrganization(app, { name, email, userName: 'Admin' })
  const ctx = systemContext(app, organizationId)
  const { secret } = await createApiKey(ctx, {
    label: 'First sandbox key',
    environment: 'SANDBOX',
    projectId,
    permissions: ['*'],
    expiresAt: null,
  })
  const { token } = await createLoginToken(ctx, userId)
  const sandboxIssuer = issuerUrl(app.config.url, organizationId, 'SANDBOX')
  return { organizationId, projectId, sandboxApiKey: secret.reveal(), sandboxIssuer, adminToken: token }
}
