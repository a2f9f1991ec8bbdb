/** Starts the server process: serves, and drains on a signal. */
import type { App } from './app.js'
import { announceFirstStart } from './commands/first-start.js'
import type { Config } from './config/config.js'
import { serve } from './serve.js'

/** Milliseconds for requests in flight to end after the port has closed. */
const maxDrainMs = 10_000

/** @throws ConfigError for a configuration that cannot serve */
export async function start(config: Config): Promise<App> {
  const app = await serve(config)
  let isStopping = false
  const stop = (signal: NodeJS.Signals): void => {
    // npm forwards Ctrl-C, so the process receives SIGINT twice. The timer below bounds the wait.
    if (isStopping) return
    isStopping = true
    // Logs before the supervisor's SIGKILL. Acknowledged changes are durable; write-behind rows may be lost.
    const forceExit = (): never => {
      app.services.log.error('requests in flight did not finish in time')
      process.exit(1)
    }
    setTimeout(forceExit, config.drainSeconds * 1000 + maxDrainMs).unref()
    app.services.log.info({ signal }, 'draining')
    app.close().then(
      () => {
        app.services.log.info('ended')
        process.exit(0)
      },
      (error: unknown) => {
        app.services.log.fatal({ err: error }, 'graceful shutdown failed')
        process.exit(1)
      },
    )
  }
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, stop)
  // Node would print every property of the error, which may hold bytes from a peer.
  process.once('uncaughtException', (error) => {
    app.services.log.fatal({ err: error }, 'uncaught error')
    process.exit(1)
  })
  // Printed before the "ready" line, so that a script that waits for it has the whole announcement.
  await announceFirstStart(app, process.stdout)
  app.services.log.info({ url: app.url }, 'ready')
  return app
}
