/** Finds what a `resource` parameter names: an MCP server, and the OAuth configuration of its project and environment. */
import { systemContext } from '../../context/context.js'
import type { Services } from '../../context/services.js'
import { serverPlace } from '../../database/queries/mcp.js'
import { OAuthConfiguration } from '../../entities/oauth-configuration.js'
import { parseAudience } from '../../lib/audience.js'
import { acceptedUrls, type Issuer } from '../../lib/issuer.js'
import { findActiveConfiguration, type ActiveConfiguration } from '../configurations/active-configuration.js'
import { PageError } from '../page-error.js'

/** Id of the server that a resource names; undefined for any other text. Compared exactly, at either origin. */
export const parseResource = (config: Services['config'], resource: string): string | undefined =>
  parseAudience(acceptedUrls(config), resource)?.serverId ?? undefined

/** An MCP server of the issuer, with the configuration that applies to it. */
export interface AuthorizationTarget extends ActiveConfiguration {
  readonly serverId: string
}

/** Undefined if the resource is no server of the issuer. @throws PageError if its project lets no client connect */
export async function findAuthorizationTarget(
  services: Services,
  { organizationId, environment }: Issuer,
  resource: string | undefined,
): Promise<AuthorizationTarget | undefined> {
  const serverId = resource === undefined ? undefined : parseResource(services.config, resource)
  const row = serverId === undefined ? undefined : await services.queryRunner.read(serverPlace, [serverId])
  if (serverId === undefined || row?.['organization_id'] !== organizationId || row['environment'] !== environment) return undefined
  const active = await findActiveConfiguration(services, { organizationId, projectId: String(row['project_id']), environment })
  if (!active) throw new PageError('SIGN_IN_UNAVAILABLE')
  return { serverId, ...active }
}

/** Configurations of all projects of the issuer. */
export const findConfigurations = (services: Services, { organizationId, environment }: Issuer): Promise<OAuthConfiguration[]> =>
  systemContext(services, organizationId).em.find(OAuthConfiguration, { environment })
