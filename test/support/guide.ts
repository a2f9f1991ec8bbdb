/** Goes through a page as its reader would: types what is to be typed, and compares what is answered with what is printed. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { build } from 'esbuild'

import { bootstrapOrganization } from '../../src/commands/organization-create.js'
import { startApp, type TestApp } from './app.js'
import { listen, mcpAnswer, type Listening } from './mcp.js'
import { blocksOf, jsonValues, Likeness, type Block } from './pages.js'
import { freePort } from './process.js'
import { can, root, Shell } from './shell.js'

/** What the MCP server of the guide asks for. */
const upstreamToken = 'tok_of_user_1_at_the_mcp_server'

export interface Fault {
  readonly line: number
  readonly fault: string
}

const programs: Readonly<Record<string, { readonly run: string; readonly file: string; readonly isThere: () => boolean }>> = {
  js: { run: 'node', file: '', isThere: () => true },
  python: { run: 'python3', file: 'snippet.py', isThere: () => can('python3', ['-c', 'import jwt, cryptography']) },
  go: { run: 'go run', file: 'snippet.go', isThere: () => can('go', ['version']) },
}

export class Guide {
  private constructor(
    readonly app: TestApp,
    readonly mcp: Listening,
  ) {}

  static async start(): Promise<Guide> {
    const port = await freePort()
    const app = await startApp({ PORT: port, KEYHOUSE_URL: `http://127.0.0.1:${port}`, KEYHOUSE_OUTBOUND_ALLOW: '127.0.0.1' })
    // Services behind Keyhouse look at the real clock.
    app.clock.at = new Date()
    const mcp = await listen((request, response) => {
      if (request.headers.authorization !== `Bearer ${upstreamToken}`) return void response.writeHead(401).end()
      return mcpAnswer(request, response, ['search', 'create_issue'])
    })
    return new Guide(app, mcp)
  }

  async close(): Promise<void> {
    await this.mcp.close()
    await this.app.close()
  }

  /** @param isLeftOut a reason why a block is not executed */
  async follow(file: string, isLeftOut: (block: Block) => string | undefined): Promise<Fault[]> {
    const reader = await Reader.start(this)
    try {
      const blocks = blocksOf(file).filter((block) => isLeftOut(block) === undefined)
      return await reader.read(blocks)
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

  static async start({ app, mcp }: Guide): Promise<Reader> {
    const made = await bootstrapOrganization(app.services, {
      name: 'My organization',
      email: `ada-${Math.floor(performance.now())}@example.com`,
    })
    const port = await freePort()
    const like = new Likeness()
    like.bind('http://localhost:4000', app.url)
    like.bind('http://localhost:4100', `http://localhost:${port}`)
    like.bind('https://mcp.example.com', mcp.origin)
    like.bind('kh_sand_…', made.sandboxApiKey)
    like.bind('eyJ…', made.adminToken)
    like.bind('org_…', made.organizationId)
    like.bind('prj_…', made.projectId)
    const shell = new Shell({ ...app.env, PORT: port, KEYHOUSE_URL: app.url, POLL_SECONDS: '0.05', KEY: made.sandboxApiKey })
    return new Reader(app, shell, like, { key: made.sandboxApiKey, person: made.adminToken })
  }

  async read(blocks: readonly Block[]): Promise<Fault[]> {
    for (let i = 0; i < blocks.length; i++) {
      const block = blocks[i]!
      const [next, afterNext] = [blocks[i + 1], blocks[i + 2]]
      const answer = (one: Block | undefined): Block | undefined =>
        one && ['json', 'text'].includes(one.language) && one.note === '' ? one : undefined
      if (block.language === 'sh') await this.type(block, block.text, answer(next))
      else if (block.language in programs) await this.program(block, answer(next))
      else if (block.language === 'graphql') {
        const variables = next?.language === 'json' && next.note === 'variables' ? next : undefined
        await this.ask(block, variables, answer(variables ? afterNext : next))
      } else if (block.language === 'tsx') await this.bundle(block)
    }
    return this.faults
  }

  /** What only reads is asked again until it answers as printed: services poll, and processes start. */
  private async type(block: Block, text: string, expected: Block | undefined): Promise<void> {
    const isRepeatable = !/mutation|&\s|backup|create/.test(text)
    const until = performance.now() + (isRepeatable ? 10_000 : 0)
    for (;;) {
      const said = await this.shell.type(this.like.real(text))
      const faults = this.compare(expected, said)
      if (faults.length === 0) return this.like.meet(said, text.includes('mutation'))
      if (performance.now() > until) return void this.faults.push({ line: block.line, fault: [...faults, said].join('\n') })
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  private compare(expected: Block | undefined, said: string): string[] {
    if (!expected) return /(?:Error:|command not found|Traceback|"errors":)/.test(said) ? ['nothing is printed, and this went wrong:'] : []
    if (expected.language === 'text') {
      const lines = said.split('\n').filter((line) => line.trim() !== '')
      const printed = expected.text.trim().split('\n')
      return this.like.differences(printed, lines)
    }
    const printed = jsonValues(expected.text)
    return this.like.differences(printed, jsonValues(said).slice(-printed.length))
  }

  private async program(block: Block, expected: Block | undefined): Promise<void> {
    const { run, file, isThere } = programs[block.language]!
    if (!isThere()) return
    const path = join(this.shell.folder, file)
    // From standard input Node finds packages where the shell stands.
    if (block.language === 'js') return this.type(block, `node --input-type=module <<'SNIPPET'\n${block.text}SNIPPET`, expected)
    writeFileSync(path, this.like.real(block.text))
    return this.type(block, `${run} ${path}`, expected)
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

  /** Every import must be there, and the syntax right. */
  private async bundle(block: Block): Promise<void> {
    const { errors } = await build({
      stdin: { contents: block.text, loader: 'tsx', resolveDir: root },
      bundle: true,
      write: false,
      format: 'esm',
      jsx: 'automatic',
      external: ['react', 'react/jsx-runtime', 'react-dom/client', '@tanstack/react-query'],
      logLevel: 'silent',
    }).catch((error: { errors: { text: string }[] }) => error)
    if (errors.length > 0) this.faults.push({ line: block.line, fault: errors.map(({ text }) => text).join('\n') })
  }
}
