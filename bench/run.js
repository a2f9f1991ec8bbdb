/**
 * Benchmarks Keyhouse against alternative programs and its own goals. A wrong response invalidates the run. Compare the
 * ratios; absolute times depend on the machine.
 *
 * `npm run bench -- [ROW…] [--only ROW,ROW] [--rounds N] [--window MS] [--full] [--markdown]`
 */
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'

import { measureGateway } from './rows/gateway.js'
import { measureMemory } from './rows/memory.js'
import { measureOperations, operations } from './rows/operations.js'
import { measureReplicas } from './rows/replicas.js'
import { measureScale } from './rows/scale.js'
import { measureStart } from './rows/start.js'
import { pinClient } from './support/processes.js'
import { circumstances, tableOf } from './support/report.js'

const others = { scale: measureScale, replicas: measureReplicas, memory: measureMemory, start: measureStart, gateway: measureGateway }
const all = [...Object.keys(operations), ...Object.keys(others)]

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    rounds: { type: 'string', default: process.env.BENCH_ROUNDS ?? '9' },
    window: { type: 'string', default: process.env.BENCH_WINDOW_MS ?? '600' },
    full: { type: 'boolean', default: false },
    markdown: { type: 'boolean', default: false },
  },
})
const asked = [...positionals, ...(values.only?.split(',') ?? [])]
const unknown = asked.find((row) => !all.includes(row))
if (unknown !== undefined) throw new Error(`There is no row "${unknown}"; there are ${all.join(', ')}.`)
if (!existsSync('/proc/self/schedstat')) throw new Error('The CPU time of a process is read from /proc: this needs Linux.')

const rows = all.filter((row) => asked.length === 0 || asked.includes(row))
const options = {
  rounds: Number(values.rounds),
  windowMs: Number(values.window),
  /** A million exchanges take several minutes, so a short run does fewer. */
  exchanges: values.full ? 1_000_000 : 50_000,
  isFull: values.full,
  /** Names of the contenders to run; undefined for all. */
  only: process.env.BENCH_ONLY?.split(','),
  say: (line) => console.error(line),
}

pinClient(1)
const results = []
const measured = rows.filter((row) => row in operations)
if (measured.length > 0) results.push(...(await measureOperations(measured, options)))
for (const row of rows) if (row in others) results.push(...(await others[row](options)))

const command = `npm run bench -- ${process.argv.slice(2).join(' ')}`
console.log(`${circumstances(options)}\n${values.markdown ? `\n\`${command}\`\n` : ''}\n${tableOf(results)}`)
