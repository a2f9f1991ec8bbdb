/** The framework examples, installed from the npm registry, print what docs/guide/gateway.md shows. */
import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'

import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { setUpAgent, type AgentSetUp } from '../support/agent.js'
import { codeBlocksOf, jsonValues } from '../support/guide-pages.js'
import { root } from '../support/shell.js'

const run = promisify(execFile)

let agent: AgentSetUp
let folder: string
let env: NodeJS.ProcessEnv
beforeAll(async () => {
  agent = await setUpAgent()
  folder = mkdtempSync(join(tmpdir(), 'keyhouse-examples-'))
  const path = `${dirname(process.execPath)}:${process.env['PATH']}`
  env = { ...process.env, PATH: path, KEYHOUSE_URL: agent.app.url, SERVER: agent.serverId, AGENT: agent.key }
})
afterAll(async () => {
  await agent.close()
  rmSync(folder, { recursive: true })
})

/** What the page prints below the command that runs this example. */
function printedOutput(example: string): unknown[] {
  const blocks = codeBlocksOf(resolve(root, 'docs/guide/gateway.md'))
  const command = `npm ci --prefix examples/${example} && node examples/${example}/agent.js\n`
  return jsonValues(blocks[blocks.findIndex(({ text }) => text === command) + 1]!.text)
}

test.each(['langchain', 'ai-sdk'])(
  'examples/%s lists the allowed tool and calls it through the gateway',
  async (example) => {
    const copy = join(folder, example)
    cpSync(join(root, 'examples', example), copy, { recursive: true, filter: (path) => !path.includes('node_modules') })
    await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: copy, env })
    const { stdout } = await run(process.execPath, ['agent.js'], { cwd: copy, env })
    expect(jsonValues(stdout)).toEqual(printedOutput(example))
  },
  180_000,
)
