/** A whole application on its own database, with a clock that stands still until it is moved, and its log kept. */
import { Writable } from 'node:stream'

import { pino } from 'pino'

import { createApp, type App, type Overrides } from '../../src/app.js'
import { readConfig, type Config } from '../../src/config/config.js'
import { serializers } from '../../src/observability/log.js'
import { newDatabase } from './database.js'

export class TestClock {
  constructor(public at: Date) {}

  readonly now = (): Date => new Date(this.at)

  advance(milliseconds: number): void {
    this.at = new Date(this.at.getTime() + milliseconds)
  }
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  /** Undefined when nothing was answered but errors. */
  readonly data: any
  readonly errors:
    | readonly { message: string; path?: string[]; extensions: { code: string; requestId: string } & Record<string, any> }[]
    | undefined
  readonly text: string
}

/** Mutations that take the input of another one. */
const sharedInputs: Readonly<Record<string, string>> = { revokeOrganizationToken: 'RevokePersonalTokenInput' }

/** `asked.code` of the first error, for short. */
export const codeOf = (answer: Answer): string | undefined => answer.errors?.[0]?.extensions.code

export class TestApp {
  constructor(
    readonly app: App,
    readonly config: Config,
    readonly clock: TestClock,
    readonly env: Readonly<Record<string, string>>,
    private readonly lines: string[],
    private readonly end: () => Promise<void>,
  ) {}

  get services(): App['services'] {
    return this.app.services
  }

  get url(): string {
    return this.app.url
  }

  /** All that was logged, as text. */
  get log(): string {
    return this.lines.join('')
  }

  /** How many lines were logged. */
  get logLength(): number {
    return this.lines.length
  }

  /** What was logged since there were so many: to look at each line once, however many there are. */
  logFrom(length: number): string {
    return this.lines.slice(length).join('')
  }

  async run(credential: string | null, query: string, variables: object = {}, headers: Record<string, string> = {}): Promise<Answer> {
    const response = await fetch(`${this.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(credential === null ? {} : { authorization: `Bearer ${credential}` }),
        ...headers,
      },
      body: JSON.stringify({ query, variables }),
    })
    const text = await response.text()
    const { data, errors } = JSON.parse(text) as Pick<Answer, 'data' | 'errors'>
    return { status: response.status, headers: response.headers, data, errors, text }
  }

  /** The payload of the one mutation in the document; fails when the answer has top-level errors. */
  async mutate(
    credential: string | null,
    field: string,
    input: object | null,
    selection: string,
    headers: Record<string, string> = {},
  ): Promise<any> {
    const type = sharedInputs[field] ?? `${field.charAt(0).toUpperCase()}${field.slice(1)}Input`
    const query =
      input === null
        ? `mutation { ${field} { ${selection} userErrors { code message path } } }`
        : `mutation ($input: ${type}!) { ${field}(input: $input) { ${selection} userErrors { code message path } } }`
    const answer = await this.run(credential, query, input === null ? {} : { input }, headers)
    if (answer.errors) throw new Error(`${field}: ${answer.text}`)
    return answer.data[field]
  }

  close(): Promise<void> {
    return this.end()
  }
}

/** A moment far from any boundary that a test might want. */
export const someday = new Date('2026-06-01T12:00:00.000Z')

export async function startApp(
  env: Record<string, string> = {},
  overrides: Overrides = {},
  detour: (env: Record<string, string>) => Promise<Record<string, string>> = (straight) => Promise.resolve(straight),
): Promise<TestApp> {
  const database = await newDatabase()
  const lines: string[] = []
  const log = pino(
    { level: 'trace', serializers },
    new Writable({ write: (chunk: Buffer, _, done) => (lines.push(chunk.toString()), done()) }),
  )
  const clock = new TestClock(someday)
  const wholeEnv = { PORT: '0', KEYHOUSE_URL: 'http://keyhouse.test', ...(await detour(database.env)), ...env }
  const config = readConfig(wholeEnv)
  // Nobody is left to whom a test would be kind at its end.
  const app = await createApp(config, { clock: clock.now, log, ...overrides, times: { minDrainMs: 0, ...overrides.times } })
  return new TestApp(app, config, clock, wholeEnv, lines, async () => {
    await app.close()
    await database.drop()
  })
}
