// Starts a PostgreSQL server from the npm package in temporary folders; it can be killed and restarted.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, rmSync } from 'node:fs'
import { chmod, chown, mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'

import { memoryFolder } from './memory-folder.js'
import { binaries, publicFolder, servant, sweep } from './postgres.place.js'

const common = { listen_addresses: '127.0.0.1', unix_socket_directories: '', timezone: 'UTC' }

/** Starts a server with these settings; see postgres.server.d.ts. */
export async function startServer(settings, certificate) {
  const folder = await publicFolder()
  // Programs cannot run from the file system in memory, so they have a folder of their own.
  const folders = [await newFolder(folder), await newFolder(memoryFolder() ?? folder)]
  try {
    return await serve(folders, { ...common, ...settings, ssl: certificate ? 'on' : 'off' }, certificate)
  } catch (error) {
    remove(folders)
    throw error
  }
}

async function newFolder(parent) {
  await sweep(parent)
  const folder = await mkdtemp(join(parent, 'keyhouse-pg-'))
  await writeFile(join(folder, 'owner'), String(process.pid))
  // mkdtemp creates the folder with mode 0700, which the server's user could not enter.
  await chmod(folder, 0o755)
  return folder
}

function remove(folders) {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
}

async function serve(folders, settings, certificate) {
  const [directory, dataFolder] = folders
  const user = await servant()
  const { initdb, postgres } = await binaries(directory, user)
  const data = join(dataFolder, 'data')
  const password = randomBytes(16).toString('hex')
  const passwordFile = join(directory, 'password')
  await mkdir(data, { mode: 0o700 })
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 })
  if (user) await Promise.all([data, passwordFile].map((path) => chown(path, user.uid, user.gid)))
  const options = { ...user, cwd: directory, env: { ...process.env, LC_ALL: 'C', LC_MESSAGES: 'C' } }

  const auth = ['--auth=password', '--username=postgres', `--pwfile=${passwordFile}`]
  const init = launch(initdb, [`--pgdata=${data}`, ...auth, '--encoding=UTF8', '--locale=C', '--no-sync'], options)
  if ((await init.ended) !== 0) throw new Error(`PostgreSQL's initdb failed.\n${init.output()}`)

  /** Writes the files that PostgreSQL reads by default; it insists on a private key that only its user can read. */
  const writeCertificate = async ({ cert, key }) => {
    for (const [name, text] of [
      ['server.crt', cert],
      ['server.key', key],
    ]) {
      await writeFile(join(data, name), text, { mode: 0o600 })
      if (user) await chown(join(data, name), user.uid, user.gid)
    }
  }
  if (certificate) await writeCertificate(certificate)

  const port = await freePort()
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const run = async () => {
    const server = launch(postgres, ['-D', data, '-p', String(port), ...flags], options)
    await Promise.race([server.waitForOutput('ready to accept connections'), server.ended])
    if (server.child.exitCode !== null) throw new Error(`PostgreSQL did not start.\n${server.output()}`)
    return server
  }
  let server = await run()
  const removeExitHandlers = stopOnExit(() => server.child, folders)
  return {
    url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
    async kill() {
      server.child.kill('SIGKILL')
      await server.ended
    },
    /** Retries, since PostgreSQL refuses to start while orphaned backends still hold the shared memory. */
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
    async useCertificate(next) {
      await writeCertificate(next)
      server.child.kill('SIGHUP')
    },
    async stop() {
      removeExitHandlers()
      server.child.kill('SIGINT')
      await server.ended
      remove(folders)
    },
  }
}

/** Spawns a child process and keeps its output for error messages. */
function launch(file, args, options) {
  const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  const chunks = []
  let onOutput = () => {}
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      chunks.push(text)
      onOutput()
    })
  }
  const output = () => chunks.join('')
  const waitForOutput = (text) =>
    new Promise((resolve) => {
      onOutput = () => {
        if (output().includes(text)) resolve()
      }
      onOutput()
    })
  const ended = once(child, 'close').then(([code]) => code)
  return { child, output, waitForOutput, ended }
}

/** Stops the server and removes its folders when this process exits, except by SIGKILL. Returns a function that removes the handlers. */
function stopOnExit(currentChild, folders) {
  const stop = () => {
    // SIGQUIT stops the server without a checkpoint, which a folder about to be removed does not need.
    currentChild().kill('SIGQUIT')
    // The server still writes while it stops, and rmSync does not report folders that it could not remove.
    for (let tries = 0; folders.some((folder) => existsSync(folder)) && tries < 50; tries++) {
      remove(folders)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
    }
  }
  const onSignal = (signal) => {
    removeHandlers()
    stop()
    process.kill(process.pid, signal)
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
  const removeHandlers = () => {
    process.off('exit', stop)
    for (const signal of signals) process.off(signal, onSignal)
  }
  process.once('exit', stop)
  for (const signal of signals) process.once(signal, onSignal)
  return removeHandlers
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}
