/** The text that Prometheus reads, and the bound of what it holds; who is let see it. */
import { describe, expect, test } from '@jest/globals'
import { fastify } from 'fastify'
import { register } from 'prom-client'

import type { Services } from '../../src/context/services.js'
import { Metrics } from '../../src/observability/metrics.js'
import { MetricRegistry, maxSeries, overflow, type Sample } from '../../src/observability/prometheus.js'
import { createMetricsServer, registerMetrics } from '../../src/routes/metrics.js'

describe('the text', () => {
  test('of a counter: each series by its labels, whatever stands in them', async () => {
    const registry = new MetricRegistry()
    const done = registry.counter('done_total', 'What was done.', ['what', 'how'])
    done('a', 'b').inc()
    done('a', 'b').inc()
    done('a"\\\n', '').inc()
    expect(await registry.text()).toBe(
      '# HELP done_total What was done.\n# TYPE done_total counter\ndone_total{what="a",how="b"} 2\ndone_total{what="a\\"\\\\\\n",how=""} 1\n',
    )
  })

  test('of a histogram: a value on a bound is within it, buckets add up, the last holds all', async () => {
    const registry = new MetricRegistry()
    const took = registry.histogram('took_seconds', 'How long.', [0.1, 1], ['what'])
    for (const value of [0.1, 0.11, 1, 1.5]) took('x').observe(value)
    expect((await registry.text()).trim().split('\n').slice(2)).toEqual([
      'took_seconds_bucket{le="0.1",what="x"} 1',
      'took_seconds_bucket{le="1",what="x"} 3',
      'took_seconds_bucket{le="+Inf",what="x"} 4',
      'took_seconds_sum{what="x"} 2.71',
      'took_seconds_count{what="x"} 4',
    ])
  })

  test('of a gauge: the samples at the time of the scrape, and no earlier ones', async () => {
    const registry = new MetricRegistry()
    let samples: Sample[] = [[['old'], 1]]
    registry.gauge('level', 'How high.', ['where'], () => samples)
    await registry.text()
    samples = [[['new'], 2]]
    expect(await registry.text()).toBe('# HELP level How high.\n# TYPE level gauge\nlevel{where="new"} 2\n')
  })

  test('of a counter that is read at each scrape', async () => {
    const registry = new MetricRegistry()
    let now = 1.5
    registry.callbackCounter('spent_total', 'How much.', () => now)
    await registry.text()
    now = 2.5
    expect(await registry.text()).toBe('# HELP spent_total How much.\n# TYPE spent_total counter\nspent_total 2.5\n')
  })

  test('of two apps in one process: each has its own numbers', async () => {
    const [one, other] = [new Metrics(), new Metrics()]
    one.countWriteFailure('usage')
    expect(await one.text()).toContain('keyhouse_write_behind_failures_total{source="usage"} 1')
    expect(await other.text()).not.toContain('source="usage"')
    expect(await register.metrics()).toBe('\n')
  })
})

test.each([
  [maxSeries - 1, maxSeries - 1, undefined],
  [maxSeries, maxSeries, '1'],
  [maxSeries + 1, maxSeries, '2'],
])('of %i series %i are kept, and what is more is counted together: %s', async (count, kept, others) => {
  const registry = new MetricRegistry()
  const done = registry.counter('done_total', 'What was done.', ['what'])
  const took = registry.histogram('took_seconds', 'How long.', [1], ['what'])
  for (let i = 0; i < count; i++) {
    done(`label ${i}`).inc()
    took(`label ${i}`).observe(1)
  }
  const lines = (await registry.text()).split('\n')
  for (const name of ['done_total', 'took_seconds_count']) {
    const series = lines.filter((line) => line.startsWith(`${name}{`))
    expect(series).toHaveLength(kept)
    expect(
      series
        .find((line) => line.includes(`"${overflow}"`))
        ?.split(' ')
        .at(-1),
    ).toBe(others)
  }
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
