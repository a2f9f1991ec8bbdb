/** The text that Prometheus reads, and the bound of what it holds; who is let see it. */
import { describe, expect, test } from '@jest/globals'
import { fastify } from 'fastify'

import type { Services } from '../../src/context/services.js'
import { Counter, Histogram, maxSeries, overflow, CallbackMetric } from '../../src/observability/prometheus.js'
import { createMetricsServer, registerMetrics } from '../../src/routes/metrics.js'

describe('the text', () => {
  test('of a counter: each series by its labels, whatever stands in them', async () => {
    const counter = new Counter('done_total', 'What was done.', ['what', 'how'])
    counter.add('a', 'b')
    counter.add('a', 'b')
    counter.add('a"\\\n', '')
    expect(await counter.text()).toBe(
      '# HELP done_total What was done.\n# TYPE done_total counter\ndone_total{what="a",how="b"} 2\ndone_total{what="a\\"\\\\\\n",how=""} 1',
    )
  })

  test('of a histogram: a value on a bound is within it, buckets add up, the last holds all', async () => {
    const histogram = new Histogram('took_seconds', 'How long.', [0.1, 1], ['what'])
    for (const value of [0.1, 0.11, 1, 1.5]) histogram.observe(value, 'x')
    expect((await histogram.text()).split('\n').slice(2)).toEqual([
      'took_seconds_bucket{what="x",le="0.1"} 1',
      'took_seconds_bucket{what="x",le="1"} 3',
      'took_seconds_bucket{what="x",le="+Inf"} 4',
      'took_seconds_sum{what="x"} 2.71',
      'took_seconds_count{what="x"} 4',
    ])
  })

  test('of a reading: what is so when it is asked for', async () => {
    let now = 1
    const reading = new CallbackMetric('level', 'How high.', 'gauge', [], () => [[[], now]])
    now = 2
    expect(await reading.text()).toBe('# HELP level How high.\n# TYPE level gauge\nlevel 2')
  })
})

test.each([
  [maxSeries - 1, maxSeries - 1, undefined],
  [maxSeries, maxSeries, '1'],
  [maxSeries + 1, maxSeries, '2'],
])('of %i series %i are kept, and what is more is counted together: %s', async (count, kept, others) => {
  const counter = new Counter('done_total', 'What was done.', ['what'])
  for (let i = 0; i < count; i++) counter.add(`label ${i}`)
  const lines = counter.lines()
  expect(lines).toHaveLength(kept)
  expect(
    lines
      .find((line) => line.includes(`"${overflow}"`))
      ?.split(' ')
      .at(-1),
  ).toBe(others)
})

describe('/metrics', () => {
  const app = {
    config: { url: 'https://Keys.example.com:8443' },
    metrics: { text: () => Promise.resolve('all of it\n') },
  } as unknown as Services

  test.each([
    ['127.0.0.1', {}, 200],
    ['127.8.8.8', {}, 200],
    ['::1', {}, 200],
    ['::ffff:127.0.0.1', {}, 200],
    ['10.0.0.1', {}, 404],
    ['::ffff:10.0.0.1', {}, 404],
    ['1.127.0.1', {}, 404],
    ['::1:1', {}, 404],
    // Nobody is let in by what they say of themselves, and no proxy on this machine lends its address.
    ['10.0.0.1', { 'x-forwarded-for': '127.0.0.1' }, 404],
    ['127.0.0.1', { 'x-forwarded-for': '127.0.0.1' }, 404],
    ['127.0.0.1', { forwarded: 'for=10.0.0.1' }, 404],
    ['127.0.0.1', { via: '1.1 proxy' }, 404],
    ['127.0.0.1', { 'x-real-ip': '10.0.0.1' }, 404],
    ...[
      'localhost',
      'localhost:4000',
      'LOCALHOST.',
      '127.0.0.1:4000',
      '127.0.0.2',
      '[::1]:4000',
      'keys.example.com',
      'keys.example.com:4000',
    ].map((host) => ['127.0.0.1', { host }, 200] as const),
    // A page's own name that leads to this machine.
    ...[
      'evil.example',
      'evil.example:4000',
      'localhost.evil.example',
      'keys.example.com.evil.example',
      '10.0.0.1',
      'a b',
      '[::1',
      'x@localhost:y',
    ].map((host) => ['127.0.0.1', { host }, 404] as const),
  ])('asked from %s with %j: %i', async (remoteAddress, headers, status) => {
    const server = fastify({ trustProxy: true })
    registerMetrics(server, app)
    const answer = await server.inject({ url: '/metrics', remoteAddress, headers })
    expect({ status: answer.statusCode, isTold: answer.body.includes('all of it') }).toEqual({ status, isTold: status === 200 })
    await server.close()
  })

  test('on a port of its own is for whoever reaches it, and nothing else is there', async () => {
    const server = createMetricsServer(app)
    const answer = await server.inject({ url: '/metrics', remoteAddress: '10.0.0.1', headers: { via: '1.1 proxy' } })
    expect([answer.statusCode, answer.body]).toEqual([200, 'all of it\n'])
    expect((await server.inject({ url: '/graphql', method: 'POST' })).statusCode).toBe(404)
    await server.close()
  })
})
