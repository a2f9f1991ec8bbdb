/** What the documents say of the client, in TypeScript and React: compiled against the packed client, run, and shown in a browser. */
import { writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'

import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { build, transform } from 'esbuild'

import { startApp, type TestApp } from '../support/app.js'
import { openIsolatedPage, launchBrowser, saveScreenshot } from '../support/browser.js'
import { installClient, runNode, typeCheck, type ClientPackage } from '../support/client-package.js'
import { codeBlocksOf } from '../support/guide-pages.js'
import { organization, type SeededOrganization } from '../support/seed.js'
import { root } from '../support/shell.js'
import { exchange } from '../support/tokens.js'

const readme = resolve(root, 'client/README.md')
const frontends = resolve(root, 'docs/guide/frontends.md')

let app: TestApp
let acme: SeededOrganization
let client: ClientPackage
let site: Server
let origin: string
const files: Record<string, { type: string; text: string }> = {
  '/': {
    type: 'text/html',
    text: '<!doctype html><html lang="en"><meta charset="utf-8"><title>Page</title><link rel="icon" href="data:,"><div id="page"></div><script type="module" src="/page.js"></script>',
  },
}
beforeAll(async () => {
  client = await installClient()
  const react = ['react', 'react-dom', 'scheduler', '@types/react', 'csstype', '@tanstack/react-query']
  client.beside(...react, '@types/node', 'undici-types', 'graphql', '@apollo/client', '@urql/core', 'graphql-request', 'rxjs')
  site = createServer((request, response) => {
    const file = files[request.url ?? '']
    response.writeHead(file ? 200 : 404, { 'content-type': file?.type ?? 'text/plain' }).end(file?.text)
  })
  await new Promise<void>((listening) => site.listen(0, '127.0.0.1', listening))
  origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`
  app = await startApp({ KEYHOUSE_CORS_ORIGINS: origin })
  acme = await organization(app)
})
afterAll(async () => {
  site.closeAllConnections()
  site.close()
  client.remove()
  await app.close()
})

const textsOf = (page: string, language: string): string[] =>
  codeBlocksOf(page).flatMap((block) => (block.language === language ? [block.text] : []))

/** Puts a program beside the installed client, and lets the compiler look at it. */
async function compile(file: string, text: string): Promise<string> {
  const compilerOptions = {
    target: 'es2022',
    lib: ['es2022', 'dom', 'dom.iterable'],
    module: 'nodenext',
    jsx: 'react-jsx',
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noEmit: true,
    types: ['node'],
    skipLibCheck: true,
  }
  writeFileSync(join(client.folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [file] }))
  writeFileSync(join(client.folder, file), text)
  return typeCheck(client.folder)
}

test.each([
  ['client/README.md', readme],
  ['docs/guide/frontends.md', frontends],
])('the React of %s compiles', async (_name, page) => {
  const texts = textsOf(page, 'tsx')
  expect(texts).not.toEqual([])
  for (const text of texts) expect(await compile('page.tsx', text)).toBe('')
})

/** The other clients, as an application has made them already. */
const others = `
import { ApolloClient, HttpLink, InMemoryCache } from '@apollo/client'
import { Client as UrqlClient, fetchExchange } from '@urql/core'
import { GraphQLClient } from 'graphql-request'
const authorization = \`Bearer \${process.env['KEYHOUSE_KEY']}\`
const url = 'https://keys.example.com/graphql'
const apolloClient = new ApolloClient({ link: new HttpLink({ uri: url, headers: { authorization } }), cache: new InMemoryCache() })
const urqlClient = new UrqlClient({ url, exchanges: [fetchExchange], fetchOptions: { headers: { authorization } } })
const graphQLClient = new GraphQLClient(url, { headers: { authorization } })
`

test('the TypeScript of client/README.md compiles, and runs from its beginning to its end', async () => {
  const seen = `console.log(JSON.stringify({ parts: token.split('.').length, jti: accessToken.id, listed: page.nodes.length, made: secret, label: apiKey.label, kind: mine?.kind }))\n`
  const program = `${others}${textsOf(readme, 'ts').join('\n')}\n${seen}`
  expect(await compile('readme.ts', program)).toBe('')
  const { code } = await transform(program.replaceAll('https://keys.example.com', app.url), { loader: 'ts', format: 'esm' })
  writeFileSync(join(client.folder, 'readme.js'), code)
  const said = JSON.parse(await runNode(process.execPath, join(client.folder, 'readme.js'), { KEYHOUSE_KEY: acme.sandboxKey }))
  expect(said).toEqual({
    parts: 3,
    jti: expect.stringMatching(/^at_/),
    listed: 1,
    made: expect.stringMatching(/^kh_sand_/),
    label: 'CI',
    kind: 'API_KEY',
  })
})

test('the page of docs/guide/frontends.md lists the servers, and stores what is typed', async () => {
  await app.mutate(
    acme.sandboxKey,
    'createMcpServer',
    { name: 'Issues', serverLabel: 'issues', serverUrl: 'https://mcp.example.com/mcp' },
    'server { id }',
  )
  const { token } = await exchange(app, acme.sandboxKey, { audience: app.config.url, externalUserId: 'user-1' })
  files['/token'] = { type: 'text/plain', text: token }
  const [text = ''] = textsOf(frontends, 'tsx')
  writeFileSync(join(client.folder, 'page.tsx'), text.replaceAll('http://localhost:4000', app.url))
  const { outputFiles } = await build({
    stdin: {
      contents: `import { createElement } from 'react'; import { createRoot } from 'react-dom/client'; import { App } from './page.tsx'
        createRoot(document.querySelector('#page')).render(createElement(App))`,
      resolveDir: client.folder,
    },
    bundle: true,
    write: false,
    format: 'esm',
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"' },
  })
  files['/page.js'] = { type: 'text/javascript', text: outputFiles[0]!.text }

  const browser = await launchBrowser()
  try {
    const { page, blockedUrls, browserErrors } = await openIsolatedPage(browser, [origin, app.url], 390)
    await page.goto(origin)
    const form = page.locator('form').filter({ hasText: 'Issues' })
    await form.locator('input').fill('token-of-user-1-5678')
    const answered = page.waitForResponse((response) => response.request().postData()?.includes('createMcpCredential') === true)
    await form.getByRole('button', { name: 'Connect' }).click()
    await (await answered).finished()
    await saveScreenshot(page, 'guide-frontends-390')
    const query = '{ mcpServers { nodes { credentials { nodes { authorizationPreview endUser { externalId } } } } } }'
    const { data } = await app.run<{ mcpServers: { nodes: { credentials: { nodes: object[] } }[] } }>(acme.adminToken, query)
    expect(data.mcpServers.nodes[0]!.credentials.nodes).toEqual([
      { authorizationPreview: '****...5678', endUser: { externalId: 'user-1' } },
    ])
    expect({ blockedUrls, browserErrors }).toEqual({ blockedUrls: [], browserErrors: [] })
  } finally {
    await browser.close()
  }
})
