/**
 * Executes the steps of the Dockerfile in a temporary folder under the image's restrictions: production dependencies only,
 * a read-only tree, an unprivileged user (if this one is root), and a separate data folder. Needs the registry. It prints each step and exits non-zero if a check fails.
 */
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** User id, as in the Dockerfile. */
const user = 10001
const dockerfile = readFileSync('Dockerfile', 'utf8')
const isRoot = process.getuid?.() === 0
const folder = mkdtempSync(join(tmpdir(), 'keyhouse-image-'))
const app = join(folder, 'app')
const data = join(folder, 'data')

const step = (text) => console.log(`- ${text}`)

function* everything(path) {
  yield path
  if (lstatSync(path).isDirectory()) for (const name of readdirSync(path)) yield* everything(join(path, name))
}

/** Size and modification time of each path, to detect writes. */
const shapeOf = (root) => [...everything(root)].map((path) => `${path} ${lstatSync(path).size} ${lstatSync(path).mtimeMs}`).join('\n')

/** Paths of all direct and transitive dependencies, found by Node's resolution. */
function neededBy(installed, dependencies) {
  const needed = new Set()
  const visit = (names, from) => {
    for (const name of names) {
      let parent = from
      while (parent !== '' && !installed[`${parent}/node_modules/${name}`])
        parent = parent.slice(0, Math.max(0, parent.lastIndexOf('/node_modules/')))
      const path = `${parent === '' ? '' : `${parent}/`}node_modules/${name}`
      const found = installed[path]
      if (!found || needed.has(path)) continue
      needed.add(path)
      visit(Object.keys({ ...found.dependencies, ...found.optionalDependencies, ...found.peerDependencies }), path)
    }
  }
  visit(Object.keys(dependencies), '')
  return needed
}

function install() {
  mkdirSync(app)
  const [, pack] = /RUN (npm run pack)/.exec(dockerfile)
  execFileSync('sh', ['-c', `${pack} -- --pack-destination "$0"`, app], { stdio: ['ignore', 'ignore', 'inherit'] })
  const [tarball] = readdirSync(app)
  renameSync(join(app, tarball), join(app, 'keyhouse.tgz'))
  cpSync('.npmrc', join(app, '.npmrc'))
  const [, command] = /RUN (tar .*)/.exec(dockerfile)
  execFileSync('sh', ['-c', command], { cwd: app, stdio: ['ignore', 'ignore', 'inherit'] })
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
  const installed = JSON.parse(readFileSync(join(app, 'node_modules/.package-lock.json'), 'utf8')).packages
  for (const name of Object.keys(dependencies)) assert.ok(installed[`node_modules/${name}`], `${name} is missing`)
  const needed = neededBy(installed, dependencies)
  const strays = Object.keys(installed).filter((path) => path.includes('node_modules/') && !installed[path].link && !needed.has(path))
  assert.deepEqual(strays, [], 'nothing that runs needs these')
  const bytes = [...everything(join(app, 'node_modules'))].reduce((sum, path) => sum + lstatSync(path).size, 0)
  step(`${tarball}: ${Object.keys(installed).length} packages, ${Math.round(bytes / 1e6)} MB, none that only tests need`)
}

/** Makes the tree read-only for every user, as in an image with a read-only root. */
function lock() {
  chmodSync(folder, 0o755)
  for (const path of everything(app)) if (!lstatSync(path).isSymbolicLink()) chmodSync(path, statSync(path).isDirectory() ? 0o555 : 0o444)
  mkdirSync(data, { mode: 0o700 })
  if (isRoot) chownSync(data, user, user)
  step(
    isRoot
      ? `the tree is read-only, and the user is ${user}`
      : 'the tree is read-only; the user is the one of this command, who is not root',
  )
}

const identity = isRoot ? { uid: user, gid: user } : {}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

let running

async function serve(env) {
  const child = spawn(process.execPath, ['--max-semi-space-size=16', 'bin/keyhouse.js', 'start'], {
    cwd: app,
    env,
    ...identity,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  running = child
  let output = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  while (!output.includes('"msg":"ready"')) {
    assert.equal(child.exitCode, null, 'it ended before it was ready')
    await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])
  }
  return {
    output: () => output,
    async stop() {
      child.kill('SIGTERM')
      const [code] = await once(child, 'exit')
      return code
    },
  }
}

function checkHealth(env) {
  const [command, ...args] = JSON.parse(/HEALTHCHECK .*CMD (\[.*\])/.exec(dockerfile)[1])
  assert.equal(command, 'node')
  execFileSync(process.execPath, args, { cwd: app, env, ...identity })
}

async function ask(port, key, query) {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` }
  const response = await fetch(`http://127.0.0.1:${port}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }) })
  return (await response.json()).data
}

async function rehearse() {
  install()
  lock()
  if (isRoot) {
    const attempt = () =>
      execFileSync(process.execPath, ['-e', `require('fs').writeFileSync('dist/x', '')`], { cwd: app, ...identity, stdio: 'pipe' })
    assert.throws(attempt, /EACCES/)
    step('a file in the tree: EACCES')
  }
  const before = shapeOf(app)
  const port = await freePort()
  const env = {
    NODE_ENV: 'production',
    HOST: '0.0.0.0',
    PORT: String(port),
    KEYHOUSE_DATA_DIR: data,
    KEYHOUSE_URL: `http://127.0.0.1:${port}`,
  }
  const first = await serve(env)
  checkHealth(env)
  assert.doesNotMatch(first.output(), /kh_sand_|eyJ/, 'a secret is in the log')
  const key = /kh_sand_\w+/.exec(readFileSync(join(data, 'first-start.txt'), 'utf8'))[0]
  const { exchangeApiKey } = await ask(
    port,
    key,
    'mutation { exchangeApiKey(input: { audience: "https://a.example", externalUserId: "jane" }) { accessToken { id } } }',
  )
  assert.match(exchangeApiKey.accessToken.id, /^at_/)
  step('it serves, it is healthy, a key is exchanged')
  assert.equal(await first.stop(), 0)
  assert.throws(() => checkHealth({ ...env }), 'the healthcheck passes without a server')
  step('SIGTERM: it ends with 0, and the healthcheck fails')
  const second = await serve(env)
  const { accessTokens } = await ask(port, key, '{ accessTokens { totalCount } }')
  assert.equal(accessTokens.totalCount, 1)
  assert.equal(await second.stop(), 0)
  assert.equal(shapeOf(app), before)
  step(`what was written lies in the data folder alone: ${readdirSync(data).toSorted().join(', ')}`)
}

try {
  await rehearse()
} finally {
  // Stop the server even if a check failed.
  running?.kill('SIGKILL')
  for (const path of everything(folder)) if (lstatSync(path).isDirectory()) chmodSync(path, 0o755)
  rmSync(folder, { recursive: true })
}
