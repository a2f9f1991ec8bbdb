/** What the gateway costs beside the same call made directly: CPU time of all servers involved, the wait, and memory of idle streams. */
import { once } from 'node:events'
import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

import { requestOf } from '../support/client.js'
import { interleave, median } from '../support/measure.js'
import { end, residentMemory, startContender } from '../support/processes.js'

const streams = 2000
/** Opened before the first look, so that what any stream needs is there. */
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
    // The gateway first: what it forwards to must outlive it.
    for (const one of running) await end(one)
  }
}

async function compare(gateway, double, { rounds, windowMs, say }) {
  const through = (name, method) => ({
    name,
    children: [gateway.child, double.child],
    ports: [gateway.port],
    expect: 'Echo: hello',
    next: bytesOf(gateway.path, method, { authorization: `Bearer ${gateway.key}` }),
  })
  const direct = {
    name: 'direct',
    children: [double.child],
    ports: [double.port],
    expect: 'Echo: hello',
    next: bytesOf('/mcp', 'tools/call'),
  }
  const unrecorded = through('not recorded', 'prompts/list')
  const recorded = through('recorded', 'tools/call')
  const windows = await interleave([direct, recorded, unrecorded], { rounds, windowMs })
  const cost = (name) => median(windows.get(name).map(({ cpu }) => cpu))
  const alone = [direct, recorded].map((subject) => ({ ...subject, connections: 1, waits: true }))
  const waits = await interleave(alone, { rounds: 3, windowMs, warmUp: windowMs })
  const wait = (name) => median(waits.get(name).map((window) => window.wait)) * 1000
  const extra = (name) => median(windows.get(name).map(({ cpu }, i) => cpu - windows.get('direct')[i].cpu))
  const ofDouble = median(windows.get('recorded').map(({ costs }) => costs[1]))
  say(
    `gateway: ${cost('recorded').toFixed(0)} µs of CPU a recorded call (${ofDouble.toFixed(0)} of them the server behind it), direct ${cost('direct').toFixed(0)}`,
  )
  const row = (name) => ({ own: `${cost(name).toFixed(0)} µs`, other: `${cost('direct').toFixed(0)} µs`, value: extra(name), unit: 'µs' })
  return [
    { says: 'gateway: extra CPU of an MCP tool call beside the call made directly', ...row('recorded'), below: 150 },
    { says: '… of a message that is not recorded', ...row('not recorded') },
    {
      says: '… extra wait for a tool call, one at a time, p50',
      own: `${wait('recorded').toFixed(0)} µs`,
      other: `${wait('direct').toFixed(0)} µs`,
      value: wait('recorded') - wait('direct'),
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
  const before = await held(child)
  await openMany(streams)
  const after = await held(child)
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

async function held(child) {
  const resident = residentMemory(child)
  child.send('heap')
  const [{ megabytes }] = await once(child, 'message')
  return { resident, heap: megabytes }
}
