/** Goes through a page as its reader would: types what is to be typed, and compares what is answered with what is printed. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

import { bootstrapOrganization } from '../../src/commands/organization-create.js'
import { startApp, type TestApp } from './app.js'
import { emptyDatabase, type TestDatabase } from './database.js'
import { gate, type Gate } from './mcp.js'
import { blocksOf, jsonValues, Likeness, type Block } from './pages.js'
import { freePort } from './process.js'
import { root, Shell } from './shell.js'
import { programOf, programs } from './snippets.js'

export interface Fault {
  readonly line: number
  readonly fault: string
}

/** Whom the page calls admin, as the first start does. */
const email = 'admin@localhost.localdomain'

export class Guide {
  private constructor(
    readonly app: TestApp,
    readonly mcp: Gate,
    /** Further databases: for a page that starts anew, and for one that restores a copy. */
    readonly spare: readonly [TestDatabase, TestDatabase],
  ) {}

  /** @param upstream a real MCP server, which here demands the credential of the page */
  static async start(upstream: string): Promise<Guide> {
    const port = await freePort()
    const app = await startApp({ PORT: port, KEYHOUSE_URL: `http://127.0.0.1:${port}`, KEYHOUSE_OUTBOUND_ALLOW: '127.0.0.1' })
    // Services behind Keyhouse look at the real clock.
    app.clock.at = new Date()
    return new Guide(app, await gate(upstream), [await emptyDatabase(), await emptyDatabase()])
  }

  async close(): Promise<void> {
    await this.mcp.close()
    await this.app.close()
    for (const database of this.spare) await database.drop()
  }

  /** @param isExecuted whether this is the place for a block */
  async follow(file: string, isExecuted: (block: Block) => boolean): Promise<Fault[]> {
    const [, token] = /"bearerToken": ?"([^"]+)"/.exec(readFileSync(file, 'utf8')) ?? []
    if (token !== undefined) this.mcp.demand({ authorization: `Bearer ${token}` })
    const reader = await Reader.start(this)
    try {
      return await reader.read(blocksOf(file).filter((block) => isExecuted(block)))
    } finally {
      await reader.shell.close()
    }
  }
}

class Reader {
  private readonly faults: Fault[] = []

  private constructor(
    readonly app: TestApp,
    readonly shell: Shell,
    readonly like: Likeness,
    readonly credentials: Readonly<Record<string, string>>,
  ) {}

  static async start({ app, mcp, spare }: Guide): Promise<Reader> {
    const made = await bootstrapOrganization(app.services, { name: 'My organization', email })
    const port = await freePort()
    const like = new Likeness()
    like.bind('http://localhost:4000', app.url)
    like.bind('http://localhost:4100', `http://localhost:${port}`)
    like.bind('http://localhost:3001', mcp.origin)
    like.bind('https://mcp.example.com', mcp.origin)
    like.bind('postgres://keyhouse:…@localhost:5432/keyhouse', spare[0].env['DATABASE_URL'] ?? '')
    like.bind('kh_sand_…', made.sandboxApiKey)
    like.bind('eyJ…', made.adminToken)
    like.bind('org_…', made.organizationId)
    like.bind('prj_…', made.projectId)
    const shell = new Shell({
      ...app.env,
      PORT: port,
      START_PORT: await freePort(),
      KEYHOUSE_URL: app.url,
      POLL_SECONDS: '0.05',
      KEY: made.sandboxApiKey,
      ISSUER: made.sandboxIssuer,
      EMPTY_DATABASE_URL: spare[1].env['DATABASE_URL'] ?? '',
    })
    return new Reader(app, shell, like, { key: made.sandboxApiKey, person: made.adminToken })
  }

  async read(blocks: readonly Block[]): Promise<Fault[]> {
    for (let i = 0; i < blocks.length; i++) {
      const block = blocks[i]!
      const [next, afterNext] = [blocks[i + 1], blocks[i + 2]]
      const answer = (one: Block | undefined): Block | undefined =>
        one && ['json', 'text'].includes(one.language) && one.note === '' ? one : undefined
      if (block.language === 'sh') await this.type(block, block.text, answer(next))
      else if (block.note.startsWith('examples/')) this.look(block)
      else if (programOf(block) in programs) await this.program(block, answer(next))
      else if (block.language === 'graphql') {
        const variables = next?.language === 'json' && next.note === 'variables' ? next : undefined
        await this.ask(block, variables, answer(variables ? afterNext : next))
      }
    }
    return this.faults
  }

  /** What only reads is asked again until it answers as printed: services poll, and processes start. */
  private async type(block: Block, text: string, expected: Block | undefined): Promise<void> {
    const isRepeatable = !/mutation|&\s|backup|create|sign-in|pg_dump/.test(text)
    const until = performance.now() + (isRepeatable ? 10_000 : 0)
    // A reader who tries another database does so in a terminal of its own.
    const typed = text.includes('export DATABASE_URL') ? `( set -e\n${text})` : text
    for (;;) {
      const { said, hasFailed } = await this.shell.type(this.like.real(typed))
      const faults = [...(hasFailed ? ['a command failed:'] : []), ...this.compare(expected, said)]
      if (faults.length === 0) return this.like.meet(said, text.includes('mutation'))
      if (performance.now() > until) return void this.faults.push({ line: block.line, fault: [...faults, said].join('\n') })
      await new Promise((wake) => setTimeout(wake, 50))
    }
  }

  private compare(expected: Block | undefined, said: string): string[] {
    if (!expected) return said.includes('"errors":') ? ['nothing is printed, and this went wrong:'] : []
    if (expected.language === 'text') {
      const lines = said.split('\n').filter((line) => line.trim() !== '')
      const printed = expected.text.trim().split('\n')
      return this.like.differences(printed, lines)
    }
    const printed = jsonValues(expected.text)
    return this.like.differences(printed, jsonValues(said).slice(-printed.length))
  }

  private async program(block: Block, expected: Block | undefined): Promise<void> {
    const { run, file, isThere, env = {} } = programs[programOf(block)]!
    if (!isThere) return
    const path = join(this.shell.folder, file)
    // From standard input Node finds packages where the shell stands.
    if (block.language === 'js') return this.type(block, `node --input-type=module <<'SNIPPET'\n${block.text}SNIPPET`, expected)
    writeFileSync(path, this.like.real(block.text))
    const set = Object.entries(env).map(([name, value]) => `${name}=${value} `)
    return this.type(block, `${set.join('')}${run} ${path}`, expected)
  }

  private async ask(block: Block, variables: Block | undefined, expected: Block | undefined): Promise<void> {
    const [caller = 'key', endUser] = block.note.split(' ')
    const credential = this.credentials[caller || 'key'] ?? null
    const values = JSON.parse(this.like.real(variables?.text ?? '{}')) as object
    const headers: Record<string, string> = endUser ? { 'x-on-behalf-of': endUser } : {}
    const { data, errors, text } = await this.app.run(credential, this.like.real(block.text), values, headers)
    const refused = Object.values((data ?? {}) as Record<string, { userErrors?: unknown[] } | null>).some((one) => one?.userErrors?.length)
    const faults = expected ? this.compare(expected, text) : errors || refused ? [text] : []
    if (faults.length > 0) this.faults.push({ line: block.line, fault: faults.join('\n') })
    this.like.meet(text, block.text.startsWith('mutation'))
  }

  /** A file of the repository that the page shows is shown as it is. */
  private look({ note, text, line }: Block): void {
    if (readFileSync(resolve(root, note), 'utf8') !== text) this.faults.push({ line, fault: `${note} reads otherwise` })
  }
}
