/** OAuth configuration in force: its row, and the API key that limits everything that comes from it. */
import { keyRefusal } from '../../access/credential-actors.js'
import { systemContext } from '../../context/context.js'
import type { Services } from '../../context/services.js'
import { readKeyById, type KeyRow } from '../../database/queries/credentials.js'
import type { Environment } from '../../entities/enums.js'
import { OAuthConfiguration } from '../../entities/oauth-configuration.js'

/** Project and environment that a configuration belongs to. */
export interface Place {
  readonly organizationId: string
  readonly projectId: string
  readonly environment: Environment
}

export interface ActiveConfiguration {
  readonly configuration: OAuthConfiguration
  readonly key: KeyRow
}

/** Null without a configuration, and while its key is revoked, suspended or expired, or its organization is suspended. */
export async function findActiveConfiguration(services: Services, place: Place): Promise<ActiveConfiguration | null> {
  const { projectId, environment } = place
  const configuration = await systemContext(services, place.organizationId).em.findOne(OAuthConfiguration, { projectId, environment })
  const key = configuration && (await readKeyById(services.queryRunner, configuration.apiKeyId))
  return key && keyRefusal(key, services.clock()) === null ? { configuration, key } : null
}
