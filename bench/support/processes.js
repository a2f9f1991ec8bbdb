/** Starts, pins and stops the measured programs. They and their folders are removed when the run ends, except by SIGKILL. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const isPinnable = process.platform === 'linux' && cpus().length > 1
const startTimeoutMs = 60_000
const stopTimeoutMs = 10_000

const folder = mkdtempSync(join(tmpdir(), 'keyhouse-bench-'))
const running = new Set()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1))

export const here = (file) => fileURLToPath(new URL(`../${file}`, import.meta.url))
export const newFolder = (name) => mkdtempSync(join(folder, `${name}-`))

/** The command pinned to this CPU, or unchanged on platforms without taskset. */
function pinned(cpu, command) {
  const [file, ...args] = isPinnable && cpu !== undefined ? ['taskset', '-c', String(cpu), ...command] : command
  return [file, args]
}

/** Pins this process, which is the client, to these CPUs. */
export function pinClient(where) {
  if (isPinnable) spawnSync('taskset', ['-acp', String(where), String(process.pid)], { stdio: 'ignore' })
}

/** Node options of `npm start` and the image (docs/decisions/0149), used for every program. */
const node = [process.execPath, '--max-semi-space-size=16']

/** Starts a process whose stdout goes to a file, as a server's log does. */
function launch(command, { cpu, env, directory, channel = [] }) {
  const [file, args] = pinned(cpu, command)
  const stdio = ['ignore', openSync(join(directory, 'stdout'), 'a'), 'inherit', ...channel]
  const child = spawn(file, args, { cwd: directory, stdio, env: { ...process.env, NODE_ENV: 'production', ...env } })
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

/** Starts a contender, by default on the first CPU. It reports its port and requests by message. */
export async function startContender(name, { env = {}, cpu = 0, flags = [] } = {}) {
  const directory = newFolder(name)
  const command = [...node, ...flags, here(`contenders/${name}.js`)]
  const child = launch(command, { cpu, directory, channel: ['ipc'], env: { BENCH_DIRECTORY: directory, ...env } })
  const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`${name} ended with ${code}`)))
  ended.catch(() => undefined)
  const [message] = await Promise.race([once(child, 'message'), ended])
  return { name, child, directory, ...message }
}

/** Runs `keyhouse start` and waits until /readyz answers 200. */
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
    if (child.exitCode !== null || performance.now() - began > startTimeoutMs) throw new Error('void: Keyhouse did not get ready')
    await sleep(2)
  }
  return { child, directory, port, readyAfter: performance.now() - began }
}

const isReady = (url) =>
  fetch(`${url}/readyz`).then(
    ({ status }) => status === 200,
    () => false,
  )

/** Runs a program until it exits; returns the one message that it sends. */
export async function runOnce(file, env) {
  const child = launch([process.execPath, here(file)], { directory: folder, channel: ['ipc'], env })
  let message
  child.once('message', (value) => (message = value))
  const [code] = await once(child, 'close')
  if (code !== 0 || message === undefined) throw new Error(`${file} ended with ${code}`)
  return message
}

/** Stops a program gracefully, or by SIGKILL after the timeout. */
export async function end({ child }) {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  if (child.connected) child.disconnect()
  else child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs)
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

/** Child processes of this name, and their own children of the same name. */
export function familyOf(name) {
  const parents = new Map()
  for (const pid of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const [, own, parent] = /\((.*)\) \S (\d+)/.exec(read(`/proc/${pid}/stat`)) ?? []
    if (own === name) parents.set(Number(pid), Number(parent))
  }
  const heads = [...parents].filter(([, parent]) => parent === process.pid).map(([pid]) => pid)
  return [...parents].filter(([pid, parent]) => heads.includes(pid) || heads.includes(parent)).map(([pid]) => ({ pid }))
}

/** A file in /proc; empty if the process has ended. */
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

/** CPU time of all threads in nanoseconds. */
export function cpuTime({ pid }) {
  const tasks = `/proc/${pid}/task`
  return list(tasks).reduce((sum, task) => sum + Number(read(`${tasks}/${task}/schedstat`).split(' ', 1)[0]), 0)
}

/** Resident memory in megabytes. */
export const residentMemory = ({ pid }) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024
