/** Measures the gateway against direct calls: CPU time of all servers, latency, and memory of idle streams. */
import { once } from 'node:events'
import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

import { requestOf } from '../support/client.js'
import { interleave, median, trendOf, typical } from '../support/measure.js'
import { end, residentMemory, startContender } from '../support/processes.js'

const streams = 2000
/** Warm-up for the optimizing compiler of three programs at once; after 10 s the trend was flat. */
const warmUpMs = 10_000
/** Opened before the first measurement, to exclude one-time allocations. */
const firstStreams = 50

export async function measureGateway({ rounds, windowMs, say }) {
  const running = []
  try {
    const double = await startContender('mcp-double', { cpu: 1 })
    running.push(double)
    const gateway = await startContender('gateway', {
      env: { BENCH_UPSTREAM: `http://127.0.0.1:${double.port}/mcp` },
      flags: ['--expose-gc'],
    })
    running.unshift(gateway)
    return [...(await compare(gateway, double, { rounds, windowMs, say })), await measureStreams(gateway, say)]
  } finally {
    // The gateway first, since its upstream must outlive it.
    for (const one of running) await end(one)
  }
}

async function compare(gateway, double, { rounds, windowMs, say }) {
  const through = (name, method) => ({
    name,
    children: [gateway.child],
    beside: { behind: () => [double.child] },
    sharesCpu: true,
    ports: [gateway.port],
    expect: 'Echo: hello',
    next: bytesOf(gateway.path, method, { authorization: `Bearer ${gateway.key}` }),
  })
  const direct = {
    name: 'direct',
    children: [],
    beside: { behind: () => [double.child] },
    sharesCpu: true,
    ports: [double.port],
    expect: 'Echo: hello',
    next: bytesOf('/mcp', 'tools/call'),
  }
  const [recorded, unrecorded] = [through('recorded', 'tools/call'), through('not recorded', 'prompts/list')]
  const windows = await interleave([direct, recorded, unrecorded], { rounds, windowMs, warmUp: warmUpMs })
  const alone = [direct, recorded].map((subject) => ({ ...subject, connections: 1, waits: true }))
  const waits = await interleave(alone, { rounds: 3, windowMs, warmUp: windowMs })
  const costOfDirect = typical(windows.get('direct')).behind
  const row = ({ name }) => {
    const { cpu, behind } = typical(windows.get(name))
    say(
      `gateway: a call that is ${name} costs it ${cpu.toFixed(0)} µs, the server behind it ${behind.toFixed(0)}, called directly ${costOfDirect.toFixed(0)}, trend ${trendOf(windows.get(name)).toFixed(2)}`,
    )
    const value = median(windows.get(name).map((one, i) => one.cpu + one.behind - windows.get('direct')[i].behind))
    return { own: `${cpu.toFixed(0)} + ${behind.toFixed(0)} µs`, other: `${costOfDirect.toFixed(0)} µs`, value, unit: 'µs' }
  }
  const [waitFor, waitForDirect] = [recorded, direct].map(({ name }) => typical(waits.get(name)).wait * 1000)
  return [
    { says: 'gateway: extra CPU of an MCP tool call beside the call made directly', ...row(recorded), below: 150 },
    { says: '… of a message that is not recorded', ...row(unrecorded) },
    {
      says: '… extra wait for a tool call, one at a time, p50',
      own: `${waitFor.toFixed(0)} µs`,
      other: `${waitForDirect.toFixed(0)} µs`,
      value: waitFor - waitForDirect,
      unit: 'µs',
    },
  ]
}

function bytesOf(path, method, headers = {}) {
  const body = { jsonrpc: '2.0', id: 1, method, params: { name: 'echo', arguments: { message: 'hello' } } }
  const bytes = requestOf({ method: 'POST', path, headers: { ...headers, accept: 'application/json, text/event-stream' }, body })
  return () => bytes
}

async function measureStreams({ child, port, path, key }, say) {
  const open = []
  const openOne = () =>
    new Promise((resolve, reject) => {
      const headers = { accept: 'text/event-stream', authorization: `Bearer ${key}` }
      const sent = request({ port, path, headers, agent: false, host: '127.0.0.1' }, (response) => {
        open.push(response.resume())
        response.on('error', () => undefined)
        if (response.statusCode === 200) resolve()
        else reject(new Error(`void: a stream was answered ${response.statusCode}`))
      })
      sent.on('error', reject)
      sent.end()
    })
  const openMany = async (count) => {
    for (let i = 0; i < count; i += 50) await Promise.all(Array.from({ length: 50 }, openOne))
    await sleep(1500)
  }
  await openMany(firstStreams)
  const before = await memoryOf(child)
  await openMany(streams)
  const after = await memoryOf(child)
  for (const response of open) response.destroy()
  const [resident, heap] = ['resident', 'heap'].map((what) => ((after[what] - before[what]) * 1024) / streams)
  say(`gateway: an idle stream holds ${resident.toFixed(1)} kB resident, ${heap.toFixed(1)} kB in the heap and outside of it`)
  return {
    says: `… memory of each of ${streams.toLocaleString('en')} idle streams`,
    value: Math.max(resident, heap),
    unit: 'kB',
    below: 40,
  }
}

/** Megabytes of resident memory, and of heap and external memory after a garbage collection. */
async function memoryOf(child) {
  const resident = residentMemory(child)
  child.send('heap')
  const [{ megabytes }] = await once(child, 'message')
  return { resident, heap: megabytes }
}
