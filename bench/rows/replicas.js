/** What a second replica on PostgreSQL brings where two cores are all there is, and the database and the client use them too. */
import { randomBytes } from 'node:crypto'

import { startServer } from '../../test/support/postgres.server.js'
import { documents } from '../contenders/documents.js'
import { requestOf } from '../support/client.js'
import { interleave, median, ratio } from '../support/measure.js'
import { end, newFolder, pinClient, runOnce, startKeyhouse } from '../support/processes.js'

/** An organization's changes are serial, so one alone would measure its own queue. */
const organizations = 16
const keys = 64

export async function measureReplicas({ rounds, say }) {
  pinClient('0,1')
  // Every default that makes a commit durable.
  const postgres = await startServer({ max_connections: '100' })
  const running = []
  try {
    const env = {
      DATABASE_URL: postgres.url,
      KEYHOUSE_MASTER_KEYS: `k1:${randomBytes(32).toString('base64')}`,
      BENCH_KEYS: String(keys),
      BENCH_ORGANIZATIONS: String(organizations),
    }
    const { secrets } = await runOnce('support/fill.js', env)
    for (let i = 0; i < 2; i++) running.push(await startKeyhouse({ directory: newFolder('replica'), env, cpu: '0,1' }))
    return await compare(running, secrets, { rounds, say })
  } finally {
    await Promise.all(running.map(end))
    await postgres.stop()
    pinClient(1)
  }
}

async function compare(replicas, secrets, { rounds, say }) {
  const requests = secrets.map((key) =>
    requestOf({ method: 'POST', path: '/graphql', headers: { authorization: `Bearer ${key}` }, body: documents.exchange }),
  )
  let at = 0
  const subject = (name, some) => ({
    name,
    children: some.map(({ child }) => child),
    ports: some.map(({ port }) => port),
    connections: 64,
    expect: '"token":"ey',
    next: () => requests[(at = (at + 1) % requests.length)],
  })
  const windows = await interleave([subject('two', replicas), subject('one', replicas.slice(0, 1))], { rounds, windowMs: 1500 })
  const words = (name) => {
    const [perSecond, cpu] = ['perSecond', 'cpu'].map((what) => median(windows.get(name).map((window) => window[what])))
    return `${Math.round(perSecond)}/s, ${cpu.toFixed(0)} µs`
  }
  for (const name of ['one', 'two']) say(`exchange with PostgreSQL, replicas ${name}: ${words(name)} of the replicas' CPU a request`)
  return [
    {
      says: '`exchangeApiKey` a second with two replicas on PostgreSQL beside one',
      own: words('two'),
      other: words('one'),
      value: ratio(windows.get('two'), windows.get('one'), ({ perSecond }) => perSecond),
      unit: '×',
      atLeast: 1.2,
    },
  ]
}
