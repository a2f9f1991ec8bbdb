/** Measures resident memory: idle, after many exchanges, and its growth in the last half of them. */
import { setTimeout as sleep } from 'node:timers/promises'

import { documents } from '../contenders/documents.js'
import { ask, requestOf } from '../support/client.js'
import { connections } from '../support/measure.js'
import { end, newFolder, residentMemory, runOnce, startKeyhouse } from '../support/processes.js'

const keys = 1000
const endUsers = 10_000
const restMs = 3000
const samples = 400
/** Variation of a quarter's mean due to garbage collection. */
const tolerance = 1.03

export async function measureMemory({ exchanges, isFull, say }) {
  const directory = newFolder('memory')
  const { secrets } = await runOnce('support/fill.js', { KEYHOUSE_DATA_DIR: directory, BENCH_KEYS: String(keys) })
  const keyhouse = await startKeyhouse({ directory })
  try {
    await sleep(restMs)
    const idle = residentMemory(keyhouse.child)
    const held = await exchangeAndSample(keyhouse, secrets, exchanges)
    const after = residentMemory(keyhouse.child)
    const [, , third, fourth] = Array.from({ length: 4 }, (_, quarter) =>
      mean(held.slice((quarter * samples) / 4, ((quarter + 1) * samples) / 4)),
    )
    const count = exchanges.toLocaleString('en')
    say(`memory: ${idle.toFixed(0)} MB idle, after ${count} exchanges ${after.toFixed(0)} MB, at most ${Math.max(...held).toFixed(0)} MB`)
    return [
      { says: `resident memory ${restMs / 1000} s after the start`, value: idle, unit: 'MB', below: 160 },
      { says: `… after ${count} exchanges`, value: after, unit: 'MB', below: 320 },
      {
        says: '… mean of the fourth quarter of them beside the third',
        own: `${fourth.toFixed(0)} MB`,
        other: `${third.toFixed(0)} MB`,
        value: fourth / third,
        unit: '×',
        // In a short run the heap has not reached its steady size yet.
        ...(isFull ? { below: tolerance } : {}),
      },
    ]
  } finally {
    await end(keyhouse)
  }
}

/** Exchanges all keys in turn for many end users. @returns resident memory after each of `samples` equal parts, in MB */
async function exchangeAndSample({ child, port }, secrets, exchanges) {
  const { query, variables } = documents.exchange
  let at = 0
  const next = () => {
    const externalUserId = `user-${at % endUsers}`
    const headers = { authorization: `Bearer ${secrets[at % secrets.length]}` }
    at++
    return requestOf({
      method: 'POST',
      path: '/graphql',
      headers,
      body: { query, variables: { input: { ...variables.input, externalUserId } } },
    })
  }
  const held = []
  for (let i = 0; i < samples; i++) {
    await ask({ ports: [port], connections, amount: Math.round(exchanges / samples), next, expect: '"token":"ey' })
    held.push(residentMemory(child))
  }
  return held
}

const mean = (numbers) => numbers.reduce((sum, one) => sum + one, 0) / numbers.length
