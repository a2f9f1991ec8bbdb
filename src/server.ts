/** Creates the HTTP server and registers every route. */
import type { FastifyInstance } from 'fastify'
import type { GraphQLSchema } from 'graphql'

import { registerAuthorizationServer } from './authorization-server/routes.js'
import type { Services } from './context/services.js'
import { registerGateway } from './gateway/route.js'
import type { GatewayTimeouts } from './gateway/timeouts.js'
import { registerGraphql } from './graphql/route.js'
import type { Plugin } from './graphql/routed-request.js'
import { registerCors } from './http/cors.js'
import { createHttpServer } from './http/create-http-server.js'
import type { HttpTimeouts } from './http/timeouts.js'
import type { Traces } from './observability/traces.js'
import { registerClientPackage } from './routes/client-package.js'
import { registerConsole } from './routes/console.js'
import { registerExplorer } from './routes/explorer.js'
import { registerHealth } from './routes/health.js'
import { registerMetrics } from './routes/metrics.js'
import { registerSecretScanning } from './routes/secret-scanning.js'
import { registerWellKnown } from './routes/well-known.js'

export async function createServer(
  services: Services,
  schema: GraphQLSchema,
  times: HttpTimeouts & GatewayTimeouts,
  { traces, plugins }: { readonly traces?: Traces | undefined; readonly plugins?: readonly Plugin[] | undefined } = {},
): Promise<FastifyInstance> {
  const { config } = services
  const { server, drain } = createHttpServer(services, times, traces)
  await registerCors(server, config)
  registerHealth(server, services, drain)
  if (config.metricsPort === undefined) registerMetrics(server, services)
  registerWellKnown(server, services)
  await registerAuthorizationServer(server, services)
  registerExplorer(server, config)
  registerClientPackage(server, config)
  registerConsole(server, services)
  await registerSecretScanning(server, services)
  await registerGraphql(server, services, schema, times, plugins)
  await registerGateway(server, services, times)
  return server
}
