/** Lists the OAuth configurations that the caller can read, newest first. */
import { requirePermission } from '../../access/permit.js'
import type { Context } from '../../context/context.js'
import type { Environment } from '../../entities/enums.js'
import { OAuthConfiguration } from '../../entities/oauth-configuration.js'
import type { PageArguments } from '../../pagination/page.js'
import { parsePageArgs, paginate, type Page } from '../../pagination/paginate.js'
import { environmentFilter } from '../../tenancy/environment.js'

export interface OAuthConfigurationFilterArgs {
  readonly environment?: Environment | null | undefined
  readonly projectId?: string | null | undefined
}

/** @throws RequestError BAD_USER_INPUT, DomainError FORBIDDEN */
export async function listOAuthConfigurations(
  ctx: Context,
  page: PageArguments,
  { environment, projectId }: OAuthConfigurationFilterArgs,
): Promise<Page<OAuthConfiguration>> {
  const where = { ...environmentFilter(ctx.actor, environment), ...(projectId == null ? {} : { projectId }) }
  parsePageArgs(ctx.em, OAuthConfiguration, page)
  requirePermission(ctx.actor, 'oauth_configuration:read')
  return paginate(ctx, OAuthConfiguration, page, where)
}
