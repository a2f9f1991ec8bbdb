/** The composition root: creates a running application from a configuration. Tests use the same one. */
import type { Config } from './config/config.js'
import type { Services } from './context/services.js'
import { recordServerSettings } from './encryption/server-settings.js'
import { gatewayTimeouts, type GatewayTimeouts } from './gateway/timeouts.js'
import type { Plugin } from './graphql/routed-request.js'
import { httpTimeouts, type HttpTimeouts } from './http/timeouts.js'
import { startJobs } from './jobs/jobs.js'
import { createLogger } from './observability/log.js'
import { createTraces } from './observability/traces.js'
import { openServices, type ServiceOverrides } from './open-services.js'
import { createMetricsServer } from './routes/metrics.js'
import { buildSchema } from './schema.js'
import { createServer } from './server.js'
import { ensureNextKeyAlgorithm, maintainSigningKeys } from './signing-keys/maintain-signing-keys.js'

export interface Overrides extends ServiceOverrides {
  readonly times?: Partial<HttpTimeouts & GatewayTimeouts>
  /** Apollo Server plugins, added to Keyhouse's own. */
  readonly plugins?: readonly Plugin[]
}

export interface App {
  readonly services: Services
  /** The origin that it listens on. */
  readonly url: string
  /** Drains the server, stops the jobs, flushes the write-behind rows, and closes the database. */
  close(): Promise<void>
}

export async function createApp(config: Config, overrides: Overrides = {}): Promise<App> {
  const log = overrides.log ?? createLogger(config.logLevel)
  const traces = config.traces && (await createTraces(config.traces, log))
  const { services, close } = await openServices(config, { ...overrides, log }, traces)
  const server = await createServer(
    services,
    buildSchema(),
    { ...httpTimeouts, ...gatewayTimeouts, ...overrides.times },
    { traces, plugins: overrides.plugins },
  )
  const metricsServer = createMetricsServer(services)
  try {
    await ensureNextKeyAlgorithm(services)
    await maintainSigningKeys(services)
    if (config.metricsPort !== undefined) await metricsServer.listen({ port: config.metricsPort, host: config.host })
    await server.listen({ port: config.port, host: config.host })
    await recordServerSettings(services.orm, config, services.masterKeys)
  } catch (error) {
    await metricsServer.close()
    await server.close()
    await close()
    throw error
  }
  const jobs = startJobs(services)
  const address = server.server.address()
  const port = typeof address === 'object' && address ? address.port : config.port
  return {
    services,
    url: `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`,
    async close() {
      await server.close()
      await jobs.close()
      await metricsServer.close()
      await close()
      await traces?.close()
    },
  }
}
