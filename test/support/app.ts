/** Starts a complete application on its own database, with a frozen clock and a captured log. */
import { Writable } from 'node:stream'

import { pino } from 'pino'

import { createApp, type App, type Overrides } from '../../src/app.js'
import { readConfig, type Config } from '../../src/config/config.js'
import { serializers } from '../../src/observability/log.js'
import { newDatabase } from './database.js'
import type { Payloads, Results } from './results.js'

export class TestClock {
  constructor(public at: Date) {}

  readonly now = (): Date => new Date(this.at)

  advance(milliseconds: number): void {
    this.at = new Date(this.at.getTime() + milliseconds)
  }
}

interface AnswerError {
  readonly message: string
  readonly path?: string[]
  readonly extensions: { code: string; requestId: string; exception?: unknown }
}

export interface Answer<Data = Results> {
  readonly status: number
  readonly headers: Headers
  /** Undefined when the response holds only errors. */
  readonly data: Data
  readonly errors: readonly AnswerError[] | undefined
  readonly text: string
}

/** Body of a GraphQL response; a test reads the member that it expects. */
export interface AnswerBody<Data = Results> {
  readonly data: Data
  readonly errors: readonly [AnswerError, ...AnswerError[]]
}

/** Mutations that share the input type of another mutation. */
const sharedInputs: Readonly<Record<string, string>> = { revokeOrganizationToken: 'RevokePersonalTokenInput' }

/** `extensions.code` of the first top-level error. */
export const codeOf = (answer: Pick<Answer, 'errors'>): string | undefined => answer.errors?.[0]?.extensions.code

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

  /** The whole log as text. */
  get log(): string {
    return this.lines.join('')
  }

  /** Number of logged lines. */
  get logLength(): number {
    return this.lines.length
  }

  /** The log from this line number on, so that a caller reads each line only once. */
  logFrom(length: number): string {
    return this.lines.slice(length).join('')
  }

  /** Sends a document. `Data` is by field name unless the document uses aliases or fields that the client does not select. */
  async run<Data = Results>(
    credential: string | null,
    query: string,
    variables: object = {},
    headers: Record<string, string> = {},
  ): Promise<Answer<Data>> {
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
    const { data, errors } = JSON.parse(text) as Partial<AnswerBody<Data>>
    return { status: response.status, headers: response.headers, data: data as Data, errors, text }
  }

  /** Runs one mutation and returns its payload. @throws Error if the response has top-level errors */
  async mutate<Field extends keyof Payloads>(
    credential: string | null,
    field: Field,
    input: object | null,
    selection: string,
    headers: Record<string, string> = {},
  ): Promise<Payloads[Field]> {
    const type = sharedInputs[field] ?? `${field.charAt(0).toUpperCase()}${field.slice(1)}Input`
    const query =
      input === null
        ? `mutation { ${field} { ${selection} userErrors { code message path } } }`
        : `mutation ($input: ${type}!) { ${field}(input: $input) { ${selection} userErrors { code message path } } }`
    const answer = await this.run<Payloads>(credential, query, input === null ? {} : { input }, headers)
    if (answer.errors) throw new Error(`${field}: ${answer.text}`)
    return answer.data[field]
  }

  close(): Promise<void> {
    return this.end()
  }
}

/** Initial time of the test clock, far from any boundary that a test might need. */
export const defaultNow = new Date('2026-06-01T12:00:00.000Z')

export async function startApp(
  env: Record<string, string> = {},
  overrides: Overrides = {},
  rewriteDatabaseEnv: (env: Record<string, string>) => Promise<Record<string, string>> = (unchanged) => Promise.resolve(unchanged),
): Promise<TestApp> {
  const database = await newDatabase()
  const lines: string[] = []
  const log = pino(
    { level: 'trace', serializers },
    new Writable({ write: (chunk: Buffer, _, done) => (lines.push(chunk.toString()), done()) }),
  )
  const clock = new TestClock(defaultNow)
  const fullEnv = { PORT: '0', KEYHOUSE_URL: 'http://keyhouse.test', ...(await rewriteDatabaseEnv(database.env)), ...env }
  const config = readConfig(fullEnv)
  const app = await createApp(config, {
    clock: clock.now,
    log,
    // Reading the process's own limit takes a Jest worker 20 ms.
    descriptorLimit: 65_536,
    ...overrides,
    // No client needs a graceful drain at the end of a test.
    times: { minDrainMs: 0, ...overrides.times },
  })
  return new TestApp(app, config, clock, fullEnv, lines, async () => {
    await app.close()
    await database.drop()
  })
}
