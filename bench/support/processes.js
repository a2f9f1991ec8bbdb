/** The programs that are measured, each a process of its own. However the run ends, but by SIGKILL, they and their folders end with it. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const isPinnable = process.platform === 'linux' && cpus().length > 1
/** Milliseconds that a program may take to start, and to end in order. */
const longestStart = 60_000
const longestEnd = 10_000

const folder = mkdtempSync(join(tmpdir(), 'keyhouse-bench-'))
const running = new Set()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1))

export const here = (file) => fileURLToPath(new URL(`../${file}`, import.meta.url))
export const newFolder = (name) => mkdtempSync(join(folder, `${name}-`))

/** On this CPU, or on any where that cannot be said. */
function pinned(cpu, command) {
  const [file, ...args] = isPinnable && cpu !== undefined ? ['taskset', '-c', String(cpu), ...command] : command
  return [file, args]
}

/** Moves this process, which is the client, away from the first CPU, or back to all. */
export function pinClient(where) {
  if (isPinnable) spawnSync('taskset', ['-acp', String(where), String(process.pid)], { stdio: 'ignore' })
}

/** As `npm start` and the image run Node (docs/decisions/0149); every program is given the same. */
const node = [process.execPath, '--max-semi-space-size=16']

/** What it prints goes to a file, as a server's log would. */
function launch(command, { cpu, env, directory, channel = [] }) {
  const [file, args] = pinned(cpu, command)
  const stdio = ['ignore', openSync(join(directory, 'stdout'), 'a'), 'inherit', ...channel]
  const child = spawn(file, args, { cwd: directory, stdio, env: { ...process.env, NODE_ENV: 'production', ...env } })
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

/** A contender on the first CPU. It says by itself where it listens and how it wants to be asked. */
export async function startContender(name, { env = {}, cpu = 0, flags = [] } = {}) {
  const directory = newFolder(name)
  const command = [...node, ...flags, here(`contenders/${name}.js`)]
  const child = launch(command, { cpu, directory, channel: ['ipc'], env: { BENCH_DIRECTORY: directory, ...env } })
  const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`${name} ended with ${code}`)))
  ended.catch(() => undefined)
  const [said] = await Promise.race([once(child, 'message'), ended])
  return { name, child, directory, ...said }
}

/** `keyhouse start` as anybody would type it, ready when /readyz says so. */
export async function startKeyhouse({ directory, env = {}, cpu = 0 }) {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const began = performance.now()
  const child = launch([...node, here('../bin/keyhouse.js'), 'start'], {
    cpu,
    directory,
    env: { PORT: String(port), KEYHOUSE_DATA_DIR: directory, ...env },
  })
  while (!(await isReady(url))) {
    if (child.exitCode !== null || performance.now() - began > longestStart) throw new Error('void: Keyhouse did not get ready')
    await sleep(2)
  }
  return { child, directory, port, readyAfter: performance.now() - began }
}

const isReady = (url) =>
  fetch(`${url}/readyz`).then(
    ({ status }) => status === 200,
    () => false,
  )

/** A program that does its work, answers once, and ends. */
export async function runOnce(file, env) {
  const child = launch([process.execPath, here(file)], { directory: folder, channel: ['ipc'], env })
  let said
  child.once('message', (answer) => (said = answer))
  const [code] = await once(child, 'close')
  if (code !== 0 || said === undefined) throw new Error(`${file} ended with ${code}`)
  return said
}

/** In order if it can, by force otherwise. */
export async function end({ child }) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  if (child.connected) child.disconnect()
  else child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), longestEnd)
  await ended
  clearTimeout(timer)
}

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** The processes of this name that this one started, and those that they started. */
export function familyOf(name) {
  const parents = new Map()
  for (const pid of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const [, own, parent] = /\((.*)\) \S (\d+)/.exec(read(`/proc/${pid}/stat`)) ?? []
    if (own === name) parents.set(Number(pid), Number(parent))
  }
  const heads = [...parents].filter(([, parent]) => parent === process.pid).map(([pid]) => pid)
  return [...parents].filter(([pid, parent]) => heads.includes(pid) || heads.includes(parent)).map(([pid]) => ({ pid }))
}

/** Nothing of what has ended meanwhile. */
function read(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function list(path) {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

/** Nanoseconds of CPU, all threads. */
export function cpuTime({ pid }) {
  const tasks = `/proc/${pid}/task`
  return list(tasks).reduce((sum, task) => sum + Number(read(`${tasks}/${task}/schedstat`).split(' ', 1)[0]), 0)
}

/** Megabytes that a process holds now. */
export const residentMemory = ({ pid }) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024
