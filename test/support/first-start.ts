/** A server at its first start, with the link to the console that it prints, and with a clock that a test can stop. */
import { announceFirstStart } from '../../src/commands/first-start.js'
import { startApp, type TestApp } from './app.js'
import { freePort } from './local-server.js'

export class FirstStart {
  private constructor(
    readonly app: TestApp,
    /** URL of the console with the first sign-in token. */
    readonly link: string,
    private readonly clock: { now: () => Date },
  ) {}

  static async run(env: Record<string, string> = {}): Promise<FirstStart> {
    const port = await freePort()
    // The browser and the command line have a clock of their own.
    const clock = { now: () => new Date() }
    const app = await startApp({ PORT: port, KEYHOUSE_URL: `http://localhost:${port}`, ...env }, { clock: () => clock.now() })
    let printed = ''
    await announceFirstStart(app.app, { isTTY: true, write: (text: string) => ((printed += text), true) })
    return new FirstStart(app, /Open the console {2}(\S+)/.exec(printed)![1]!, clock)
  }

  get origin(): string {
    return new URL(this.link).origin
  }

  /** Stops the server's clock at this time. */
  stopClockAt(at: Date): void {
    this.clock.now = () => at
  }

  close(): Promise<void> {
    return this.app.close()
  }
}
