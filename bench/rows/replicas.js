/** Measures the gain of a second replica on PostgreSQL on two cores, which the database and the client share. */
import { randomBytes } from 'node:crypto'
import { cpus } from 'node:os'

import { startServer } from '../../test/support/postgres.server.js'
import { documents } from '../contenders/documents.js'
import { requestOf } from '../support/client.js'
import { interleave, inWords, ratio, typical } from '../support/measure.js'
import { end, familyOf, newFolder, pinClient, runOnce, startKeyhouse } from '../support/processes.js'

/** Changes of one organization are serialized, so few organizations would measure their queues. */
const organizations = 64
/** More than with SQLite: each replica collects a group while the previous one commits over the network. */
const connections = 128
const windowMs = 1500
/** Milliseconds; each of two replicas gets half of the load. */
const warmUp = 6000

const operations = {
  exchange: {
    says: '`exchangeApiKey` a second, two replicas on PostgreSQL beside one',
    toRequest: (secret) => requestTo(documents.exchange, secret),
    expect: '"token":"ey',
  },
  verify: {
    says: '`verifyApiKey` a second, two replicas on PostgreSQL beside one',
    toRequest: (secret, caller) => requestTo(documents.verify(secret), caller),
    expect: '"code":"VALID"',
  },
}

const requestTo = (body, key) => requestOf({ method: 'POST', path: '/graphql', headers: { authorization: `Bearer ${key}` }, body })

export async function measureReplicas({ rounds, say }) {
  pinClient('0,1')
  // Default settings, so commits are durable.
  const postgres = await startServer({ max_connections: '100' })
  const replicas = []
  try {
    const env = {
      DATABASE_URL: postgres.url,
      KEYHOUSE_MASTER_KEYS: `k1:${randomBytes(32).toString('base64')}`,
      BENCH_KEYS: String(organizations),
      BENCH_ORGANIZATIONS: String(organizations),
    }
    const { callers, secrets } = await runOnce('support/fill.js', env)
    for (let i = 0; i < 2; i++) replicas.push(await startKeyhouse({ directory: newFolder('replica'), env, cpu: '0,1' }))
    const results = []
    for (const { toRequest, ...operation } of Object.values(operations)) {
      const requests = secrets.map((secret, i) => toRequest(secret, callers[i]))
      results.push(await compare(operation, replicas, requests, { rounds, say }))
    }
    return results
  } finally {
    await Promise.all(replicas.map(end))
    await postgres.stop()
    pinClient(1)
  }
}

async function compare({ says, expect }, replicas, requests, { rounds, say }) {
  let at = 0
  const subject = (name, some) => ({
    name,
    connections,
    expect,
    children: some.map(({ child }) => child),
    beside: { database: () => familyOf('postgres'), client: () => [process] },
    sharesCpu: true,
    ports: some.map(({ port }) => port),
    next: () => requests[(at = (at + 1) % requests.length)],
  })
  const windows = await interleave([subject('one', replicas.slice(0, 1)), subject('two', replicas)], {
    rounds: Math.ceil(rounds / 2),
    windowMs,
    warmUp,
  })
  const [one, two] = ['one', 'two'].map((name) => typical(windows.get(name)))
  const parts = ({ cpu, database, client }) => [cpu, database, client].map((cost) => cost.toFixed(0)).join(' + ')
  say(`${says}: ${inWords(two)} beside ${inWords(one)}; CPU of replicas + database + client ${parts(two)} beside ${parts(one)} µs`)
  const most = (cpus().length * one.cpu) / (one.cpu + one.database + one.client)
  say(`… at these costs ${cpus().length} cores, all of them busy, allow ${Math.max(1, most).toFixed(2)} × of one replica that fills one`)
  return {
    says,
    own: inWords(two),
    other: inWords(one),
    value: ratio(windows.get('two'), windows.get('one'), ({ perSecond }) => perSecond),
    unit: '×',
    atLeast: 1.2,
  }
}
