/** Measures programs in alternating windows after a warm-up, so that other load on the machine affects all of them alike. */
import { setTimeout as sleep } from 'node:timers/promises'

import { ask } from './client.js'
import { cpuTime } from './processes.js'

/** Enough to fill group commits; with more connections the cost per request no longer falls. */
export const connections = 32

/** Warm-up for the optimizing compiler; after 4 s the trend of the windows was flat. */
const warmUpMs = 5000

/**
 * @param subjects `name`, `children` whose CPU time counts, `beside` (functions that list other processes, by name), `ports`, `next` (the bytes of a request), `expect` (text in every response)
 * @param settleMs the server's CPU time in this time after a window counts as the window's cost
 * @returns for each name its windows: CPU microseconds per request, the same for `beside`, requests per second, and the
 * median latency if `waits` is set
 */
export async function interleave(subjects, { rounds, windowMs, settleMs = 0, warmUp = warmUpMs }) {
  const amounts = new Map()
  for (const subject of subjects) amounts.set(subject, Math.max(100, Math.round((await pace(subject, warmUp)) * windowMs)))
  const windows = new Map(subjects.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const subject of subjects) windows.get(subject.name).push(await observe(subject, amounts.get(subject), settleMs))
  }
  return windows
}

/** Warms up. @returns requests per millisecond at the end of it */
async function pace(subject, warmUp) {
  const began = performance.now()
  let amount = 200
  for (;;) {
    const ms = await load(subject, amount)
    if (performance.now() - began >= warmUp) return amount / ms
    amount = Math.max(200, Math.round((amount / ms) * 300))
  }
}

async function observe(subject, amount, settleMs) {
  const watched = Object.entries({ cpu: () => subject.children, ...subject.beside })
  const before = watched.map(([, processes]) => cpuTimes(processes()))
  const waits = subject.waits ? [] : undefined
  const ms = await load(subject, amount, waits)
  if (settleMs > 0) await sleep(settleMs)
  const costs = watched.map(([name, processes], i) => [name, spent(before[i], cpuTimes(processes())) / amount / 1000])
  return { perSecond: (amount / ms) * 1000, ...Object.fromEntries(costs), ...(waits ? { wait: median(waits) } : {}) }
}

async function load(subject, amount, waits) {
  const { ports, next, expect, sharesCpu } = subject
  subject.sent = (subject.sent ?? 0) + amount
  try {
    return await ask({ ports, next, expect, amount, waits, sharesCpu, connections: subject.connections ?? connections })
  } catch (error) {
    throw new Error(`${subject.name}: ${error.message}`, { cause: error })
  }
}

const cpuTimes = (processes) => new Map(processes.map((one) => [one.pid, cpuTime(one)]))
/** Processes that started meanwhile count from zero, since a database's workers come and go. */
const spent = (before, after) => [...after].reduce((sum, [pid, time]) => sum + time - (before.get(pid) ?? 0), 0)

/** The median of each value over the windows. */
export const typical = (windows) =>
  Object.fromEntries(Object.keys(windows[0]).map((what) => [what, median(windows.map((one) => one[what]))]))

/** Cost of the last third of the windows relative to the first third; 1 if the warm-up was long enough. */
export function trendOf(windows) {
  const third = Math.ceil(windows.length / 3)
  return typical(windows.slice(-third)).cpu / typical(windows.slice(0, third)).cpu
}

/** Formats throughput and cost for the table. */
export const inWords = ({ perSecond, cpu }) => `${Math.round(perSecond).toLocaleString('en')}/s, ${cpu.toFixed(0)} µs`

export const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]

/** The median over all rounds of the ratio within each round. */
export const ratio = (of, over, what) => median(of.map((window, i) => what(window) / what(over[i])))
