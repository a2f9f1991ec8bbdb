/** Measures throughput with a million keys against a thousand, alternating between two otherwise equal deployments. */
import { documents } from '../contenders/documents.js'
import { requestOf } from '../support/client.js'
import { interleave, inWords, ratio, typical } from '../support/measure.js'
import { end, newFolder, runOnce, startKeyhouse } from '../support/processes.js'

const many = 1_000_000
const few = 1000
/** Number of keys in use, equal in both deployments and spread over all keys. */
const inUse = few
/** Long enough for several one-second runs of the background writer. */
const windowMs = 1500
/** Longer than the background writer's one-second interval, so that its writes count as the window's cost. */
const settleMs = 1200
/** Coprime to the number of keys, so that it visits all of them with distant neighbours. */
const step = 337

const operations = {
  exchange: {
    says: '`exchangeApiKey` a second at 1,000,000 keys beside 1,000',
    toRequest: (secret) => requestTo(documents.exchange, secret),
    expect: '"token":"ey',
  },
  verify: {
    says: '`verifyApiKey` a second at 1,000,000 keys beside 1,000',
    toRequest: (secret, caller) => requestTo(documents.verify(secret), caller),
    expect: '"code":"VALID"',
  },
}

const requestTo = (body, key) => requestOf({ method: 'POST', path: '/graphql', headers: { authorization: `Bearer ${key}` }, body })

export async function measureScale({ rounds, say }) {
  const deployments = []
  try {
    for (const keys of [few, many]) deployments.push(await deploy(keys))
    const results = []
    for (const operation of Object.values(operations)) results.push(await compare(operation, deployments, { rounds, say }))
    return results
  } finally {
    await Promise.all(deployments.map(end))
  }
}

async function deploy(keys) {
  const directory = newFolder(`keys-${keys}`)
  const filled = await runOnce('support/fill.js', { KEYHOUSE_DATA_DIR: directory, BENCH_KEYS: String(keys), BENCH_TOLD: String(inUse) })
  return { keys, ...filled, ...(await startKeyhouse({ directory })) }
}

async function compare({ says, toRequest, expect }, deployments, { rounds, say }) {
  const subjects = deployments.map(({ keys, callers, secrets, child, port }) => {
    const requests = secrets.map((secret) => toRequest(secret, callers[0]))
    let at = 0
    return { name: keys, children: [child], ports: [port], expect, next: () => requests[(at = (at + step) % requests.length)] }
  })
  const windows = await interleave(subjects, { rounds: Math.ceil(rounds / 2), windowMs, settleMs })
  const [atMany, atFew] = [many, few].map((keys) => typical(windows.get(keys)))
  say(`${says}: ${inWords(atMany)} beside ${inWords(atFew)}`)
  const value = ratio(windows.get(many), windows.get(few), ({ perSecond }) => perSecond)
  return { says, own: inWords(atMany), other: inWords(atFew), value, unit: '×', atLeast: 0.85 }
}
