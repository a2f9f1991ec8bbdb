/** Deletes an OAuth configuration. Its end users are signed out, its grants are revoked, and nobody can authorize a client there. */
import type { Context } from '../../context/context.js'
import { perform } from '../../context/perform.js'
import { BrowserSession } from '../../entities/browser-session.js'
import { OAuthConfiguration } from '../../entities/oauth-configuration.js'
import { objectNotFound } from '../../lib/errors.js'
import { revokeGrants } from '../grants/revoke-grants.js'

/** @throws DomainError FORBIDDEN or NOT_FOUND */
export async function deleteOAuthConfiguration(ctx: Context, input: { id: string }): Promise<{ deletedConfigurationId: string }> {
  return perform(ctx, 'oauth_configuration:delete', async ({ em, now, permit, addDetails }) => {
    permit({ requestedId: input.id })
    const configuration = await em.findOne(OAuthConfiguration, { id: input.id })
    if (!configuration) throw objectNotFound('OAuth configuration', ['input', 'id'])
    const permitted = permit(configuration)
    const { projectId, environment } = configuration
    await em.nativeDelete(BrowserSession, { projectId, environment })
    addDetails({ revokedTokens: await revokeGrants(em, permitted, { projectId, environment }, now) })
    em.remove(configuration)
    return { deletedConfigurationId: configuration.id }
  })
}
