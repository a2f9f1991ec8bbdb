/** Whether a million keys are slower than a thousand: two deployments that differ in nothing else, asked in turns. */
import { documents } from '../contenders/documents.js'
import { requestOf } from '../support/client.js'
import { interleave, median, ratio } from '../support/measure.js'
import { end, newFolder, runOnce, startKeyhouse } from '../support/processes.js'

const many = 1_000_000
const few = 1000
/** Keys that are in use: as many of the million as there are of the thousand, spread over all of it. */
const inUse = few
/** Longer than the background writer's second: what it writes for a window is the window's cost. */
const settleMs = 1200
/** A step that visits all, neighbours far apart. */
const step = 337

export async function measureScale({ rounds, say }) {
  const running = []
  try {
    for (const keys of [few, many]) running.push(await deployment(keys))
    const exchange = await compare('exchange', running, ({ secret }) => requestTo(documents.exchange, secret), '"token":"ey', {
      rounds,
      say,
    })
    const verify = await compare('verify', running, ({ caller, secret }) => requestTo(documents.verify(secret), caller), '"code":"VALID"', {
      rounds,
      say,
    })
    return [
      { says: '`exchangeApiKey` a second at 1,000,000 keys beside 1,000', ...exchange, atLeast: 0.85 },
      { says: '`verifyApiKey` a second at 1,000,000 keys beside 1,000', ...verify, atLeast: 0.85 },
    ]
  } finally {
    await Promise.all(running.map(end))
  }
}

async function deployment(keys) {
  const directory = newFolder(`keys-${keys}`)
  const filled = await runOnce('support/fill.js', { KEYHOUSE_DATA_DIR: directory, BENCH_KEYS: String(keys), BENCH_TOLD: String(inUse) })
  return { keys, ...filled, ...(await startKeyhouse({ directory })) }
}

const requestTo = (body, key) => requestOf({ method: 'POST', path: '/graphql', headers: { authorization: `Bearer ${key}` }, body })

async function compare(operation, running, toRequest, expect, { rounds, say }) {
  const subjects = running.map(({ keys, caller, secrets, child, port }) => {
    const requests = secrets.map((secret) => toRequest({ caller, secret }))
    let at = 0
    return { name: keys, children: [child], ports: [port], expect, next: () => requests[(at = (at + step) % requests.length)] }
  })
  // Windows that hold several of the background writer's seconds.
  const windows = await interleave(subjects, { rounds: Math.ceil(rounds / 2), windowMs: 2000, settleMs })
  const words = (keys) => {
    const [perSecond, cpu] = ['perSecond', 'cpu'].map((what) => median(windows.get(keys).map((window) => window[what])))
    return `${Math.round(perSecond)}/s, ${cpu.toFixed(0)} µs`
  }
  for (const keys of [few, many]) say(`${operation} at ${keys} keys: ${words(keys)} of CPU a request`)
  return {
    own: words(many),
    other: words(few),
    value: ratio(windows.get(many), windows.get(few), ({ perSecond }) => perSecond),
    unit: '×',
  }
}
