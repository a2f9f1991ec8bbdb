/** Explains the access tokens that an OAuth grant gives now: within its API key, its OAuth configuration and its MCP server. */
import { endUserActor } from '../access/credential-actors.js'
import type { Context } from '../context/context.js'
import { readKeyById, type KeyRow } from '../database/queries/credentials.js'
import { EndUser } from '../entities/end-user.js'
import { OAuthConfiguration } from '../entities/oauth-configuration.js'
import { OAuthGrant } from '../entities/oauth-grant.js'
import { mcpResource } from '../lib/audience.js'
import { acceptsClient } from '../oauth/clients/find-client.js'
import { passed, refused, type AccessLink, type ExplainAccessArgs } from './access-links.js'
import { audienceLink } from './audience-link.js'
import { endUserHeaderLinks, keyHolder, keyLink, scopeLink, type ExplainedCaller } from './explained-caller.js'

/** Null if the grant is not visible to the caller. */
export async function resolveGrant(ctx: Context, input: ExplainAccessArgs): Promise<ExplainedCaller | null> {
  const { services, em } = ctx
  const grant = await ctx.load(OAuthGrant, input.subjectId)
  const key = grant && (await readKeyById(services.queryRunner, grant.apiKeyId))
  if (!key) return null
  const { projectId, environment, endUserId, permissions } = grant
  const [endUser, configuration] = await Promise.all([
    ctx.loadInOrganization(grant, EndUser, endUserId),
    em.findOne(OAuthConfiguration, { projectId, environment }),
  ])
  const externalId = endUser?.externalId ?? ''
  const audience = mcpResource(services.config.url, grant.serverId)
  const ofAudience = audienceLink(ctx, { audience, endUserId }, input)
  return {
    actor: endUserActor(key, { id: endUserId, externalId }, { kind: 'OAUTH_GRANT', id: grant.id, expiresAt: null, permissions }, ctx.now()),
    holders: [keyHolder(key), { name: 'The OAuth grant', granted: permissions, effective: permissions }],
    links: [
      keyLink(key, ctx.now()),
      grantLink(grant),
      clientLink(grant, configuration),
      ...audienceLinks(key, audience),
      ...(ofAudience ? [ofAudience] : []),
      scopeLink(key, externalId),
      ...endUserHeaderLinks(input.externalUserId, externalId),
    ],
  }
}

const grantLink = ({ revokedAt }: OAuthGrant): AccessLink =>
  revokedAt ? refused('OAUTH_GRANT', 'The OAuth grant is revoked.') : passed('OAUTH_GRANT', 'The OAuth grant is active.')

/** Whether the client still gets tokens. Those that it has end with the grant or the key. */
function clientLink({ apiKeyId, clientId }: OAuthGrant, configuration: OAuthConfiguration | null): AccessLink {
  if (!configuration) return refused('OAUTH_CLIENT', 'The project and environment have no OAuth configuration.')
  if (configuration.apiKeyId !== apiKeyId) return refused('OAUTH_CLIENT', 'The OAuth configuration names another API key.')
  return acceptsClient(configuration, clientId)
    ? passed('OAUTH_CLIENT', 'The OAuth configuration accepts the client.')
    : refused('OAUTH_CLIENT', 'The OAuth configuration no longer accepts the client.')
}

const audienceLinks = ({ allowedAudiences }: KeyRow, audience: string): AccessLink[] =>
  allowedAudiences && !allowedAudiences.includes(audience)
    ? [refused('AUDIENCE', `allowedAudiences of the API key lack the gateway URL of the MCP server, "${audience}".`)]
    : []
