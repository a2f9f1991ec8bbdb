// A PostgreSQL out of the npm package, in a temporary folder, that can be killed and started again.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, rmSync } from 'node:fs'
import { chmod, chown, mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'

import { binaries, publicFolder, servant, sweep } from './postgres.place.js'

const common = { listen_addresses: '127.0.0.1', unix_socket_directories: '', timezone: 'UTC' }

/** With these settings on top. Answers its address, and how to kill, to start again and to end it. */
export async function startServer(settings) {
  const parent = await publicFolder()
  await sweep(parent)
  const directory = await mkdtemp(join(parent, 'keyhouse-pg-'))
  await writeFile(join(directory, 'owner'), String(process.pid))
  try {
    return await serve(directory, { ...common, ...settings })
  } catch (error) {
    rmSync(directory, { recursive: true, force: true })
    throw error
  }
}

async function serve(directory, settings) {
  // The servant must pass through the folder, which mkdtemp keeps for its maker alone.
  await chmod(directory, 0o755)
  const user = await servant()
  const { initdb, postgres } = await binaries(directory, user)
  const data = join(directory, 'data')
  const password = randomBytes(16).toString('hex')
  const passwordFile = join(directory, 'password')
  await mkdir(data, { mode: 0o700 })
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 })
  if (user) await Promise.all([data, passwordFile].map((path) => chown(path, user.uid, user.gid)))
  const options = { ...user, cwd: directory, env: { ...process.env, LC_ALL: 'C', LC_MESSAGES: 'C' } }

  const auth = ['--auth=password', '--username=postgres', `--pwfile=${passwordFile}`]
  const making = launch(initdb, [`--pgdata=${data}`, ...auth, '--encoding=UTF8', '--locale=C', '--no-sync'], options)
  if ((await making.ended) !== 0) throw new Error(`PostgreSQL's initdb failed.\n${making.said()}`)

  const port = await freePort()
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const run = async () => {
    const server = launch(postgres, ['-D', data, '-p', String(port), ...flags], options)
    await Promise.race([server.says('ready to accept connections'), server.ended])
    if (server.child.exitCode !== null) throw new Error(`PostgreSQL did not start.\n${server.said()}`)
    return server
  }
  let server = await run()
  const forget = endWithUs(() => server.child, directory)
  return {
    url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
    async kill() {
      server.child.kill('SIGKILL')
      await server.ended
    },
    /** After it was killed: it refuses while its orphans still hold the shared memory, which they leave by themselves. */
    async restart() {
      for (let tries = 1; ; tries++) {
        try {
          server = await run()
          return
        } catch (error) {
          if (tries === 100) throw error
          await new Promise((resolve) => setTimeout(resolve, 100))
        }
      }
    },
    async stop() {
      forget()
      server.child.kill('SIGINT')
      await server.ended
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** A child whose every word is kept for the error message. */
function launch(file, args, options) {
  const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  const words = []
  let heard = () => {}
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      words.push(text)
      heard()
    })
  }
  const said = () => words.join('')
  const says = (text) =>
    new Promise((resolve) => {
      heard = () => {
        if (said().includes(text)) resolve()
      }
      heard()
    })
  const ended = once(child, 'close').then(([code]) => code)
  return { child, said, says, ended }
}

/** However this process ends, but by SIGKILL, the server and its folder end with it. Returns how to call that off. */
function endWithUs(childNow, directory) {
  const end = () => {
    // SIGQUIT: at once and without a checkpoint, for nobody will read this folder again.
    childNow().kill('SIGQUIT')
    // The server still writes while it dies, and rmSync says nothing of the folders that it could therefore not remove.
    for (let tries = 0; existsSync(directory) && tries < 50; tries++) {
      rmSync(directory, { recursive: true, force: true })
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
    }
  }
  const onSignal = (signal) => {
    forget()
    end()
    process.kill(process.pid, signal)
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
  const forget = () => {
    process.off('exit', end)
    for (const signal of signals) process.off(signal, onSignal)
  }
  process.once('exit', end)
  for (const signal of signals) process.once(signal, onSignal)
  return forget
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}
