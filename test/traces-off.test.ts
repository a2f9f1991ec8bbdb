/** Disabled tracing: its packages are not loaded. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { startApp } from './support/app.js'
import { collector, type Collector } from './support/collector.js'
import { newDatabase } from './support/database.js'
import { sendGraphql, startKeyhouse } from './support/process.js'

let collected: Collector
beforeAll(async () => {
  collected = await collector()
})
afterAll(() => collected.close())

/** The packages of OpenTelemetry that a server loads until it has answered and ended. */
async function loaded(env: Record<string, string>): Promise<{ own: string[]; count: number; code: number | null }> {
  const folder = mkdtempSync(join(tmpdir(), 'keyhouse-loaded-'))
  const file = join(folder, 'loaded')
  const database = await newDatabase()
  const hooks = new URL('support/report-loaded-packages.js', import.meta.url).href
  const server = await startKeyhouse({
    KEYHOUSE_URL: 'http://keyhouse.test',
    ...database.env,
    ...env,
    LOADED: file,
    NODE_OPTIONS: `--import=${hooks}`,
  })
  expect(await sendGraphql(server.url, null, '{ __typename }')).toEqual({ data: { __typename: 'Query' } })
  server.kill('SIGTERM')
  const { code } = await server.exited
  const all = readFileSync(file, 'utf8').trim().split('\n')
  await database.drop()
  rmSync(folder, { recursive: true })
  return { own: all.filter((name) => name.startsWith('@opentelemetry/')), count: all.length, code }
}

test('no package of OpenTelemetry is loaded but its API, which prom-client loads', async () => {
  const { own, count, code } = await loaded({})
  expect([own, code]).toEqual([['@opentelemetry/api'], 0])
  expect(count).toBeGreaterThan(20)
})

test('with a collector they are, and the end of the process sends what has gathered', async () => {
  const { own, code } = await loaded({ OTEL_EXPORTER_OTLP_ENDPOINT: collected.origin })
  expect([own.includes('@opentelemetry/sdk-trace'), code]).toEqual([true, 0])
  expect(collected.spans.map(({ name }) => name)).toEqual(['POST /graphql'])
})

describe('although an endpoint is named', () => {
  test.each<Record<string, string>>([{ OTEL_SDK_DISABLED: 'true' }, { OTEL_TRACES_EXPORTER: 'none' }])('%j turns them off', async (off) => {
    const app = await startApp({ OTEL_EXPORTER_OTLP_ENDPOINT: collected.origin, ...off })
    expect(app.config.traces).toBeUndefined()
    await app.run(null, '{ __typename }')
    expect(app.log).not.toContain('trace_id')
    await app.close()
  })
})
