/** Mounts every route on the HTTP server. */
import type { FastifyInstance } from 'fastify'
import type { GraphQLSchema } from 'graphql'

import type { Services } from './context/services.js'
import { serveGateway } from './gateway/route.js'
import type { GatewayTimes } from './gateway/timeouts.js'
import { serveGraphql } from './graphql/route.js'
import type { Plugin } from './graphql/routed-request.js'
import { createHttpServer } from './http/create-http-server.js'
import type { Times } from './http/timeouts.js'
import type { Traces } from './observability/traces.js'
import { serveExplorer } from './routes/explorer.js'
import { serveHealth } from './routes/health.js'
import { serveIssuers } from './routes/issuers.js'
import { serveMetrics } from './routes/metrics.js'
import { serveWellKnown } from './routes/well-known.js'

export async function createServer(
  app: Services,
  schema: GraphQLSchema,
  times: Times & GatewayTimes,
  { traces, plugins }: { readonly traces?: Traces | undefined; readonly plugins?: readonly Plugin[] | undefined } = {},
): Promise<FastifyInstance> {
  const { config } = app
  const { server, drain } = createHttpServer(app, times, traces)
  serveHealth(server, app, drain)
  if (config.metricsPort === undefined) serveMetrics(server, app)
  serveWellKnown(server, app)
  serveIssuers(server, app)
  serveExplorer(server, config)
  await serveGraphql(server, app, schema, times, plugins)
  await serveGateway(server, app, times)
  return server
}
