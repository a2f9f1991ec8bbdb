/** Executes the code blocks of a guide page and compares each result with the one that the page prints. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

import { bootstrapOrganization } from '../../src/commands/organization-create.js'
import { startApp, type TestApp } from './app.js'
import { emptyDatabase, type TestDatabase } from './database.js'
import { codeBlocksOf, jsonValues, PrintedValues, type CodeBlock } from './guide-pages.js'
import { programOf, programs } from './guide-programs.js'
import { freePort } from './local-server.js'
import { authenticatingProxy, type AuthenticatingProxy } from './mcp.js'
import { root, Shell } from './shell.js'

export interface Fault {
  readonly line: number
  readonly fault: string
}

/** Email address of the admin that the first start creates. */
const email = 'admin@localhost.localdomain'

export class Guide {
  private constructor(
    readonly app: TestApp,
    readonly mcp: AuthenticatingProxy,
    /** Extra databases: one for a page that starts from an empty one, one for a page that restores a backup. */
    readonly spare: readonly [TestDatabase, TestDatabase],
  ) {}

  /** @param upstream origin of a real MCP server; the gate before it requires the page's credential */
  static async start(upstream: string): Promise<Guide> {
    const port = await freePort()
    const app = await startApp({ PORT: port, KEYHOUSE_URL: `http://127.0.0.1:${port}`, KEYHOUSE_OUTBOUND_ALLOW: '127.0.0.1' })
    // Services behind Keyhouse use the real clock.
    app.clock.at = new Date()
    return new Guide(app, await authenticatingProxy(upstream), [await emptyDatabase(), await emptyDatabase()])
  }

  async close(): Promise<void> {
    await this.mcp.close()
    await this.app.close()
    for (const database of this.spare) await database.drop()
  }

  /** Executes the page's blocks for which `isExecuted` holds; returns the differences. */
  async follow(file: string, isExecuted: (block: CodeBlock) => boolean): Promise<Fault[]> {
    const [, token] = /"bearerToken": ?"([^"]+)"/.exec(readFileSync(file, 'utf8')) ?? []
    if (token !== undefined) this.mcp.requireHeaders({ authorization: `Bearer ${token}` })
    const reader = await Reader.start(this)
    try {
      return await reader.read(codeBlocksOf(file).filter((block) => isExecuted(block)))
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
    readonly like: PrintedValues,
    readonly credentials: Readonly<Record<string, string>>,
  ) {}

  static async start({ app, mcp, spare }: Guide): Promise<Reader> {
    const organization = await bootstrapOrganization(app.services, { name: 'My organization', email })
    const port = await freePort()
    const like = new PrintedValues()
    like.bind('http://localhost:4000', app.url)
    like.bind('http://localhost:4100', `http://localhost:${port}`)
    like.bind('http://localhost:3001', mcp.origin)
    like.bind('https://mcp.example.com', mcp.origin)
    like.bind('postgres://keyhouse:…@localhost:5432/keyhouse', spare[0].env['DATABASE_URL'] ?? '')
    like.bind('kh_sand_…', organization.sandboxApiKey)
    like.bind('eyJ…', organization.adminToken)
    like.bind('org_…', organization.organizationId)
    like.bind('prj_…', organization.projectId)
    const shell = new Shell({
      ...app.env,
      PORT: port,
      START_PORT: await freePort(),
      KEYHOUSE_URL: app.url,
      POLL_SECONDS: '0.05',
      KEY: organization.sandboxApiKey,
      ISSUER: organization.sandboxIssuer,
      EMPTY_DATABASE_URL: spare[1].env['DATABASE_URL'] ?? '',
    })
    return new Reader(app, shell, like, { key: organization.sandboxApiKey, person: organization.adminToken })
  }

  async read(blocks: readonly CodeBlock[]): Promise<Fault[]> {
    for (let i = 0; i < blocks.length; i++) {
      const block = blocks[i]!
      const [next, afterNext] = [blocks[i + 1], blocks[i + 2]]
      const answer = (one: CodeBlock | undefined): CodeBlock | undefined =>
        one && ['json', 'text'].includes(one.language) && one.note === '' ? one : undefined
      if (block.language === 'sh') await this.type(block, block.text, answer(next))
      else if (block.note.startsWith('examples/')) this.compareFile(block)
      else if (programOf(block) in programs) await this.program(block, answer(next))
      else if (block.language === 'graphql') {
        const variables = next?.language === 'json' && next.note === 'variables' ? next : undefined
        await this.ask(block, variables, answer(variables ? afterNext : next))
      }
    }
    return this.faults
  }

  /** Repeats read-only commands until they print the expected result, since services poll and processes take time to start. */
  private async type(block: CodeBlock, text: string, expected: CodeBlock | undefined): Promise<void> {
    const isRepeatable = !/mutation|&\s|backup|create|sign-in|pg_dump/.test(text)
    const deadline = performance.now() + (isRepeatable ? 10_000 : 0)
    // A subshell keeps another DATABASE_URL out of the following blocks.
    const command = text.includes('export DATABASE_URL') ? `( set -e\n${text})` : text
    for (;;) {
      const { output, hasFailed } = await this.shell.execute(this.like.real(command))
      const faults = [...(hasFailed ? ['a command failed:'] : []), ...this.compare(expected, output)]
      if (faults.length === 0) return this.like.bindIds(output, text.includes('mutation'))
      if (performance.now() > deadline) return void this.faults.push({ line: block.line, fault: [...faults, output].join('\n') })
      await new Promise((done) => setTimeout(done, 50))
    }
  }

  private compare(expected: CodeBlock | undefined, output: string): string[] {
    if (!expected) return output.includes('"errors":') ? ['nothing is printed, and this went wrong:'] : []
    if (expected.language === 'text') {
      const lines = output.split('\n').filter((line) => line.trim() !== '')
      const printed = expected.text.trim().split('\n')
      return this.like.differences(printed, lines)
    }
    const printed = jsonValues(expected.text)
    return this.like.differences(printed, jsonValues(output).slice(-printed.length))
  }

  private async program(block: CodeBlock, expected: CodeBlock | undefined): Promise<void> {
    const { run, file, isInstalled, env = {} } = programs[programOf(block)]!
    if (!isInstalled) return
    const path = join(this.shell.folder, file)
    // Node resolves the packages of a program from standard input in the working directory.
    if (block.language === 'js') return this.type(block, `node --input-type=module <<'SNIPPET'\n${block.text}SNIPPET`, expected)
    writeFileSync(path, this.like.real(block.text))
    const set = Object.entries(env).map(([name, value]) => `${name}=${value} `)
    return this.type(block, `${set.join('')}${run} ${path}`, expected)
  }

  private async ask(block: CodeBlock, variables: CodeBlock | undefined, expected: CodeBlock | undefined): Promise<void> {
    const [caller = 'key', endUser] = block.note.split(' ')
    const credential = this.credentials[caller || 'key'] ?? null
    const values = JSON.parse(this.like.real(variables?.text ?? '{}')) as object
    const headers: Record<string, string> = endUser ? { 'x-on-behalf-of': endUser } : {}
    const { data, errors, text } = await this.app.run(credential, this.like.real(block.text), values, headers)
    const refused = Object.values((data ?? {}) as Record<string, { userErrors?: unknown[] } | null>).some((one) => one?.userErrors?.length)
    const faults = expected ? this.compare(expected, text) : errors || refused ? [text] : []
    if (faults.length > 0) this.faults.push({ line: block.line, fault: faults.join('\n') })
    this.like.bindIds(text, block.text.startsWith('mutation'))
  }

  /** A file of the repository that the page shows must be identical to the file. */
  private compareFile({ note, text, line }: CodeBlock): void {
    if (readFileSync(resolve(root, note), 'utf8') !== text) this.faults.push({ line, fault: `${note} reads otherwise` })
  }
}
