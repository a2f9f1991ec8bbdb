/** Configuration, application, listen, drain. */
import { createApp, type App } from './app.js'
import { announceFirstStart } from './commands/first-start.js'
import { assertServable, type Config } from './config/config.js'

/** Milliseconds that requests in flight may take to end once the port is closed. */
const maxDrainMs = 10_000

export async function start(config: Config): Promise<App> {
  assertServable(config)
  const app = await createApp(config)
  if (config.envFile !== undefined) app.services.log.info({ file: config.envFile }, 'settings read from a file')
  let isStopping = false
  const stop = (signal: NodeJS.Signals): void => {
    // Whoever presses Ctrl-C under npm sends it twice; it is bounded anyway.
    if (isStopping) return
    isStopping = true
    // A supervisor would kill it next, without a word: what is acknowledged is on the disk, and what is behind can be lost.
    const forceExit = (): never => {
      app.services.log.error('requests in flight did not end in time')
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
        app.services.log.fatal({ err: error }, 'could not end in order')
        process.exit(1)
      },
    )
  }
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, stop)
  // Node would print all properties of the error, which may be bytes of a peer.
  process.once('uncaughtException', (error) => {
    app.services.log.fatal({ err: error }, 'an error was not caught')
    process.exit(1)
  })
  // Before the line that says ready, so that whoever waits for it has all of the announcement.
  await announceFirstStart(app, process.stdout)
  app.services.log.info({ url: app.url }, 'ready')
  return app
}
