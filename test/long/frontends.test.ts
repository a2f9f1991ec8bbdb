/** The examples of frontends, installed from the npm registry: they generate, compile, build and run against a live server. */
import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'

import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { startApp, type TestApp } from '../support/app.js'
import { launchBrowser } from '../support/browser.js'
import { freePort } from '../support/local-server.js'
import { runIn } from '../support/npm.js'
import { organization, type SeededOrganization } from '../support/seed.js'
import { root } from '../support/shell.js'
import { waitFor } from '../support/wait-for.js'

let app: TestApp
let acme: SeededOrganization
let folder: string
let env: NodeJS.ProcessEnv
beforeAll(async () => {
  // The audience of the page's token is the URL of the server.
  const PORT = await freePort()
  app = await startApp({ PORT, KEYHOUSE_URL: `http://127.0.0.1:${PORT}` })
  acme = await organization(app)
  // Laid out as the repository, whose schema and client the examples name.
  folder = mkdtempSync(join(tmpdir(), 'keyhouse-frontends-'))
  cpSync(join(root, 'schema.graphql'), join(folder, 'schema.graphql'))
  mkdirSync(join(folder, 'dist'))
  cpSync(join(root, 'dist/client'), join(folder, 'dist/client'), { recursive: true })
  const PATH = `${dirname(process.execPath)}:${process.env['PATH']}`
  // In production, npm installs no development dependencies.
  env = { ...process.env, NODE_ENV: undefined, PATH, KEYHOUSE_URL: app.url, KEY: acme.sandboxKey }
})
afterAll(async () => {
  await app.close()
  rmSync(folder, { recursive: true })
})

async function install(example: string): Promise<string> {
  const copy = join(folder, 'examples', example)
  cpSync(join(root, 'examples', example), copy, {
    recursive: true,
    filter: (path) => !['node_modules', 'dist', 'gql'].includes(basename(path)),
  })
  await runIn(copy, env, 'npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund')
  return copy
}

test('examples/codegen: the client preset types the documents, and Apollo Client and urql run them by their defaults', async () => {
  const copy = await install('codegen')
  await runIn(copy, env, 'npm', 'run', 'generate')
  await runIn(copy, env, 'npm', 'run', 'check')
  expect(await runIn(copy, env, 'node', 'src/apollo.ts')).toBe(`[ 'Apollo', 'First sandbox key' ]\n`)
  expect(await runIn(copy, env, 'node', 'src/urql.ts')).toBe(`[ 'urql', 'Apollo', 'First sandbox key' ]\n`)

  // .graphqlrc.yml, as an editor reads it.
  const program = `import { loadConfig } from 'graphql-config'
import { validate } from 'graphql'
const project = (await loadConfig({ rootDir: ${JSON.stringify(root)} })).getDefault()
const schema = await project.getSchema()
const documents = await project.getDocuments()
console.log(documents.length > 80, documents.flatMap(({ document }) => validate(schema, document)).length)`
  writeFileSync(join(copy, 'config.mjs'), program)
  expect(await runIn(copy, env, 'node', 'config.mjs')).toBe('true 0\n')
}, 240_000)

test('examples/frontend: compiles, builds, and lets an end user store a credential', async () => {
  await app.mutate(
    acme.sandboxKey,
    'createMcpServer',
    { name: 'Notes', serverLabel: 'notes', serverUrl: 'https://mcp.example.com/mcp' },
    'server { id }',
  )
  const copy = await install('frontend')
  await runIn(copy, env, 'npm', 'run', 'check')
  await runIn(copy, env, 'npm', 'run', 'build')
  const port = await freePort()
  const vite = spawn('node', ['node_modules/vite/bin/vite.js', '--host', '127.0.0.1', '--port', port], { cwd: copy, env, stdio: 'ignore' })
  const browser = await launchBrowser()
  try {
    const origin = `http://127.0.0.1:${port}`
    await waitFor(() =>
      fetch(origin).then(
        ({ ok }) => ok,
        () => false,
      ),
    )
    const page = await browser.newPage()
    await page.goto(origin)
    await page.getByRole('heading', { name: 'MCP servers of jane' }).waitFor()
    await page.getByLabel('Notes').fill('upstream-token')
    await page.getByRole('button', { name: 'Connect' }).click()
    await page.getByText('Connected.').waitFor()
  } finally {
    await browser.close()
    vite.kill()
  }
}, 240_000)
