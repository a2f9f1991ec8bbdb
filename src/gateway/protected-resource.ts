/** Metadata of each MCP server as a protected resource (RFC 9728): names the issuer that its clients ask for tokens. */
import type { FastifyInstance } from 'fastify'

import type { Services } from '../context/services.js'
import { serverPlace } from '../database/queries/mcp.js'
import type { Environment } from '../entities/enums.js'
import { addressedUrl } from '../http/addressed-url.js'
import { sendCacheableJson } from '../http/cacheable-json.js'
import { clientAddress } from '../http/client-address.js'
import { countUnknown } from '../http/rate-limits.js'
import { mcpResource } from '../lib/audience.js'
import { isId } from '../lib/id.js'
import { issuerUrl } from '../lib/issuer.js'
import { gatewayScope, metadataPath } from './challenge.js'

const maxAgeSeconds = 60

export function registerProtectedResources(server: FastifyInstance, services: Services): void {
  const { config, queryRunner } = services
  server.get<{ Params: { serverId: string } }>(`${metadataPath}:serverId`, async (request, reply) => {
    const { serverId } = request.params
    const row = isId(serverId, 'mcp_srv') ? await queryRunner.read(serverPlace, [serverId]) : undefined
    if (!row) {
      countUnknown(services, clientAddress(request) ?? '')
      return reply.callNotFound()
    }
    const url = addressedUrl(config, request)
    const document = {
      resource: mcpResource(url, serverId),
      // Named without an OAuth configuration too: API keys are exchanged there (RFC 8693).
      authorization_servers: [issuerUrl(url, row['organization_id'] as string, row['environment'] as Environment)],
      scopes_supported: gatewayScope,
      bearer_methods_supported: ['header'],
    }
    return sendCacheableJson(request, reply, document, maxAgeSeconds)
  })
}
