// Programs side by side in one run: pinned, warmed up, measured in interleaved windows by the CPU time of their process.
// A wrong answer voids the run. Ratios are what counts; absolute times are the machine's.
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import autocannon from 'autocannon'

const rounds = Number(process.env.BENCH_ROUNDS ?? 9)
const windowMs = Number(process.env.BENCH_WINDOW_MS ?? 600)
const connections = 16
const contenders = {
  keyhouse: 'Keyhouse',
  bare: 'bare node:http',
  'better-auth': 'better-auth',
  'oidc-provider': 'oidc-provider',
  'by-the-book': 'by the book',
}
const goals = [
  { scenario: 'exchange', against: 'bare', atLeast: 0.55 },
  { scenario: 'exchange', against: 'better-auth', atLeast: 10 },
  { scenario: 'exchange', against: 'oidc-provider', atLeast: 1 },
  { scenario: 'verify', against: 'better-auth', atLeast: 8 },
  { scenario: 'viewer', against: 'bare', atLeast: 0.45 },
  { scenario: 'list', against: 'by-the-book', atLeast: 4 },
]

const folder = mkdtempSync(join(tmpdir(), 'keyhouse-bench-'))
const here = (file) => fileURLToPath(new URL(file, import.meta.url))

/** The server on the first CPU, whatever else there is on the others. */
const pinned = (cpu, command) =>
  process.platform === 'linux' && cpus().length > 1 ? ['taskset', ['-c', String(cpu), ...command]] : [command[0], command.slice(1)]

export function startContender(name, env = {}) {
  const [file, args] = pinned(0, [process.execPath, here(`contenders/${name}.js`)])
  const directory = mkdtempSync(join(folder, `${name}-`))
  const child = spawn(file, args, {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, NODE_ENV: 'production', BENCH_DIRECTORY: directory, ...env },
  })
  return new Promise((resolve, reject) => {
    child.once('message', (ready) => resolve({ name, child, ...ready }))
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code}`)))
  })
}

/** Nanoseconds of CPU, all threads. */
function cpuTime({ child }) {
  const tasks = `/proc/${child.pid}/task`
  return readdirSync(tasks).reduce((sum, task) => sum + Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ', 1)[0]), 0)
}

async function load({ name, port, scenarios }, scenario, amount) {
  let sample = ''
  const { method = 'GET', path, headers, body, text, expect } = scenarios[scenario]
  const result = await autocannon({
    url: `http://127.0.0.1:${port}${path}`,
    method,
    headers: { ...(body ? { 'content-type': 'application/json' } : {}), ...headers },
    body: text ?? (body && JSON.stringify(body)),
    connections,
    amount,
    timeout: 30,
    verifyBody: (answer) => (sample = answer).includes(expect),
  })
  const wrong = result.errors + result.non2xx + result.mismatches
  if (wrong > 0)
    throw new Error(`void: ${wrong} of ${amount} answers of ${name} to ${scenario} were wrong, such as: ${sample.slice(0, 200)}`)
  return result
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]

async function compare(scenario, running) {
  const asked = running.filter((one) => scenario in one.scenarios)
  const amounts = new Map()
  for (const one of asked) {
    await load(one, scenario, 500)
    const began = performance.now()
    await load(one, scenario, 500)
    amounts.set(one, Math.max(200, Math.round((500 * windowMs) / (performance.now() - began))))
    await load(one, scenario, amounts.get(one))
  }
  const costs = new Map(asked.map((one) => [one, []]))
  for (let round = 0; round < rounds; round++) {
    for (const one of asked) {
      const before = cpuTime(one)
      await load(one, scenario, amounts.get(one))
      costs.get(one).push((cpuTime(one) - before) / amounts.get(one) / 1000)
    }
  }
  return new Map(asked.map((one) => [one.name, costs.get(one)]))
}

async function main() {
  const names = Object.keys(contenders).filter((name) => !process.env.BENCH_ONLY || process.env.BENCH_ONLY.split(',').includes(name))
  const running = []
  try {
    for (const name of names) running.push(await startContender(name))
    console.log(
      `${cpus()[0].model}, Node ${process.version}, ${connections} connections, ${rounds} rounds of ${windowMs} ms, medians of server CPU per request\n`,
    )
    for (const scenario of ['exchange', 'verify', 'viewer', 'list']) {
      const costs = await compare(scenario, running)
      const own = costs.get('keyhouse')
      console.log(`| ${scenario} | µs | Keyhouse is … times as fast |\n|---|---|---|`)
      for (const [name, numbers] of costs) {
        const ratio = median(numbers.map((cost, i) => cost / own[i]))
        console.log(`| ${contenders[name]} | ${median(numbers).toFixed(1)} | ${name === 'keyhouse' ? '' : ratio.toFixed(2)} |`)
        for (const goal of goals.filter((one) => one.scenario === scenario && one.against === name)) {
          console.log(`|   goal ≥ ${goal.atLeast} | | ${ratio >= goal.atLeast ? 'met' : 'MISSED'} |`)
        }
      }
      console.log('')
    }
  } finally {
    for (const { child } of running) child.disconnect()
    await new Promise((resolve) => setTimeout(resolve, 500))
    rmSync(folder, { recursive: true, force: true })
  }
}

await main()
