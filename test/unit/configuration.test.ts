/** The configuration: its defaults, its faults, and that reference.md and .env.example list all of it, as well as commands and audited actions. */
import { readdirSync, readFileSync } from 'node:fs'

import { describe, expect, test } from '@jest/globals'

import { actions } from '../../src/access/actions.js'
import { type ConfigError, readConfig } from '../../src/config/config.js'

const fileAt = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const namesIn = (text: string, form: RegExp): string[] => [...text.matchAll(form)].map(([, name]) => name!).toSorted()

const readBy = (file: string): string[] =>
  namesIn(fileAt(file), /\breader[.,]\s*(?:\w+(?:<[^>]*>)?\(\s*)?'([A-Z_]+)'/g).filter((name, i, all) => all.indexOf(name) === i)

const read = [
  ...readBy('src/config/config.ts'),
  ...readBy('src/config/database-url.ts'),
  ...readBy('src/config/limits-config.ts'),
  ...readBy('src/config/secret-scanning-config.ts'),
].toSorted()

describe('what is told', () => {
  test('reference.md has every variable that is read, and no other', () => {
    const [, section] = /\n## Configuration\n(.*?)\n## /s.exec(fileAt('docs/guide/reference.md')) ?? []
    expect(namesIn(section!, /^\| `([A-Z_]+)` \|/gm)).toEqual(read)
  })

  test('.env.example too', () => {
    expect(namesIn(fileAt('.env.example'), /^# ([A-Z_]+)=/gm)).toEqual(read)
  })

  test('docs/observability.md has every variable of traces, and no other', () => {
    expect(namesIn(fileAt('docs/observability.md'), /^\| `(OTEL_[A-Z_]+)` \|/gm)).toEqual(readBy('src/config/traces-config.ts'))
  })

  test('reference.md has the defaults that hold', () => {
    const defaults = Object.fromEntries(
      [...fileAt('docs/guide/reference.md').matchAll(/^\| `([A-Z_]+)` \| `([^`$]+)` \|/gm)].map(([, name, value]) => [name, value]),
    )
    const config = readConfig({})
    expect(defaults).toMatchObject({
      PORT: String(config.port),
      HOST: config.host,
      KEYHOUSE_DATA_DIR: config.dataDir,
      KEYHOUSE_JWT_ALGORITHM: config.jwtAlgorithm,
      KEYHOUSE_KEY_PREFIX: config.keyPrefix,
      KEYHOUSE_SIGNING_KEY_DAYS: String(config.signingKeyDays),
      KEYHOUSE_DRAIN_SECONDS: String(config.drainSeconds),
      KEYHOUSE_INTROSPECTION: config.introspection ? 'on' : 'off',
      LOG_LEVEL: config.logLevel,
    })
  })

  test('reference.md has every audited action, and no other', () => {
    const [, section] = /\n## Audited actions\n(.*?)\n## /s.exec(fileAt('docs/guide/reference.md')) ?? []
    const listed = [...section!.matchAll(/^\| `(\w+)` \| (.+) \|$/gm)].flatMap(([, resource, names]) =>
      namesIn(names!, /`(\w+)`/g).map((name) => `${resource}:${name}`),
    )
    expect(listed.toSorted()).toEqual(Object.keys(actions).toSorted())
  })

  test('reference.md has every command', () => {
    const [, section] = /\n## Commands\n(.*?)\n## /s.exec(fileAt('docs/guide/reference.md')) ?? []
    const files = readdirSync('src/commands', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
    const words = ['src/cli.ts', ...files.map((file) => `src/commands/${file}`)].flatMap((file) =>
      namesIn(fileAt(file), /\.command\('([a-z-]+)'\)/g),
    )
    for (const name of words) expect(section).toContain(name)
  })
})

describe('what is read', () => {
  const key = (fill: number): string => Buffer.alloc(32, fill).toString('base64')
  const faultsOf = (env: Record<string, string>): readonly string[] => {
    try {
      readConfig(env)
      return []
    } catch (error) {
      return (error as ConfigError).issues
    }
  }

  test('is frozen, and follows the port', () => {
    const config = readConfig({ PORT: '8080', KEYHOUSE_URL: '  ' })
    expect(config.url).toBe('http://localhost:8080')
    expect(Object.isFrozen(config)).toBe(true)
  })

  test.each([
    ['PORT', ['0', '65535'], ['-1', '65536', '4e3', 'http']],
    [
      'KEYHOUSE_URL',
      ['https://keys.example.com', 'https://keys.example.com/', 'http://localhost:4000', 'http://[::1]:4000'],
      ['keys', 'ftp://a', 'https://a/b', 'https://a/b/', 'https://a//b', 'https://a\\\\b', 'https://a?b', 'https://a#b', 'https://u:p@a'],
    ],
    [
      'KEYHOUSE_PREVIOUS_URL',
      ['https://keys.example.com', 'https://keys.example.com/', 'http://localhost:4001'],
      ['keys', 'https://a/b', 'https://u:p@a', 'http://localhost:4000', 'http://localhost:4000/'],
    ],
    [
      'DATABASE_URL',
      [],
      [
        'mysql://a/b',
        'postgres://a:b c@d:x/e',
        'data.db',
        'postgres://a@127.0.0.1/b?sslmode=verify-full',
        'postgres://a@[::1]/b?sslmode=require',
      ],
    ],
    [
      'KEYHOUSE_MASTER_KEYS',
      [`a:${key(1)}`, `a:${key(1)}, b:${key(2)}`],
      ['a', `a:${key(1)},a:${key(2)}`, `a:${key(1)},`, `a:${key(1).slice(4)}`],
    ],
    ['KEYHOUSE_JWT_ALGORITHM', ['EdDSA', 'ES256', 'RS256'], ['none', 'HS256', 'eddsa']],
    ['KEYHOUSE_KEY_PREFIX', ['k', 'acme9', 'a'.repeat(16)], ['9k', 'Kh', 'a_b', 'a'.repeat(17)]],
    ['KEYHOUSE_CORS_ORIGINS', ['https://a.example, http://localhost:3000'], ['*', 'https://a.example/', 'a.example']],
    ['KEYHOUSE_TRUSTED_PROXIES', ['10.0.0.1,10.0.0.0/8,::1,fd00::/8'], ['proxy', '10.0.0.0/33', '10.0.0.1/', '::/129', '10.0.0.0/8/8']],
    ['KEYHOUSE_METRICS_PORT', ['1', '65535'], ['0', '65536']],
    ['KEYHOUSE_SIGNING_KEY_DAYS', ['1', '3650'], ['0', '3651', '1.5']],
    ['KEYHOUSE_INTROSPECTION', ['on', 'off'], ['true']],
    ['KEYHOUSE_EXPLORER', ['sandbox', 'graphiql', 'off'], ['on']],
    ['LOG_LEVEL', ['debug', 'silent'], ['INFO', 'loud']],
    ['OTEL_TRACES_EXPORTER', ['otlp', 'none'], ['console', 'otlp,console']],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', ['http://localhost:4318', 'https://a.example/base/'], ['collector:4318', 'grpc://a', 'https:']],
    ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', ['https://a.example/v1/traces?x=y'], ['a.example', 'file:///a']],
  ])('%s takes %j and not %j', (name, good, bad) => {
    for (const value of good) expect(faultsOf({ [name]: value })).toEqual([])
    for (const value of bad) {
      const faults = faultsOf({ KEYHOUSE_MASTER_KEYS: `a:${key(1)}`, [name]: value })
      expect(faults).toEqual([expect.stringContaining(`${name}: `)])
      // A fault may be in a secret: it is told by name alone.
      if (value.length > 3 && !['KEYHOUSE_URL', 'KEYHOUSE_PREVIOUS_URL'].includes(name)) expect(faults[0]).not.toContain(value)
    }
  })

  test.each([
    ['OTEL_EXPORTER_OTLP_PROTOCOL', ['http/protobuf'], ['grpc', 'http/json']],
    ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', ['http/protobuf'], ['grpc']],
    [
      'OTEL_EXPORTER_OTLP_HEADERS',
      ['a=b', 'a=b%20c,d=e=f', 'a=', 'a=%C3%A9'],
      ['secret', '=secret', 'a b=secret', 'a=%zz', 'a=secret%0Ab', 'a=secret%E2%82%AC'],
    ],
    ['OTEL_EXPORTER_OTLP_TRACES_HEADERS', ['a=b'], ['secret']],
    ['OTEL_EXPORTER_OTLP_TIMEOUT', ['1', '60000'], ['0', '60001', '1.5']],
    ['OTEL_EXPORTER_OTLP_TRACES_TIMEOUT', ['1', '60000'], ['0', '60001']],
    ['OTEL_BSP_SCHEDULE_DELAY', ['1', '60000'], ['0', '60001']],
    ['OTEL_RESOURCE_ATTRIBUTES', ['service.name=a,team=%C3%A4'], ['team']],
    ['OTEL_TRACES_SAMPLER', ['always_on', 'parentbased_traceidratio'], ['jaeger_remote', 'ALWAYS_ON']],
    ['OTEL_TRACES_SAMPLER_ARG', ['0', '0.25', '1'], ['-0.1', '1.1', 'half']],
  ])('%s takes %j and not %j, once traces are on', (name, good, bad) => {
    const on = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4318' }
    for (const value of good) expect(faultsOf({ ...on, [name]: value })).toEqual([])
    for (const value of bad) {
      const faults = faultsOf({ ...on, [name]: value })
      expect(faults).toEqual([expect.stringContaining(`${name}: `)])
      expect(faults[0]).not.toContain('secret')
      // Set for other programs of the same machine, and none of ours to judge.
      for (const off of [{}, { ...on, OTEL_SDK_DISABLED: 'TRUE' }, { ...on, OTEL_TRACES_EXPORTER: 'none' }])
        expect(faultsOf({ ...off, [name]: value })).toEqual([])
    }
  })

  test('of traces: what is for traces alone wins, and the exporter by name means the collector of this machine', () => {
    expect(readConfig({}).traces).toBeUndefined()
    expect(readConfig({ OTEL_TRACES_EXPORTER: 'otlp' }).traces).toEqual({
      url: 'http://localhost:4318/v1/traces',
      headers: {},
      timeout: 10_000,
      delay: 5000,
      sampler: 'parentbased_always_on',
      ratio: 1,
      resource: { 'service.name': 'keyhouse' },
    })
    const { url, headers, timeout } = readConfig({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a.example',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://b.example/take/',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf',
      OTEL_EXPORTER_OTLP_HEADERS: 'a=1,b=2',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'b=3',
      OTEL_EXPORTER_OTLP_TIMEOUT: '5',
      OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: '6',
    }).traces!
    expect([url, headers, timeout]).toEqual(['http://b.example/take/', { a: '1', b: '3' }, 6])
  })

  test.each([
    ['KEYHOUSE_DATADIR', 'KEYHOUSE_DATA_DIR'],
    ['KEYHOUSE_MASTER_KEY', 'KEYHOUSE_MASTER_KEYS'],
    ['KEYHOUSE_URLS_', 'KEYHOUSE_URL'],
    ['KEYHOUSE_LIMIT_CALL_PER_KEY', 'KEYHOUSE_LIMIT_CALLS_PER_KEY'],
  ])('%s is refused, with the name that was meant', (name, meant) => {
    expect(faultsOf({ [name]: 'secret' })).toEqual([`${name}: is not a setting; did you mean ${meant}?`])
    expect(faultsOf({ [name]: ' ' })).toEqual([])
  })

  test('three edits from a setting a variable is only named, and those of Kubernetes and of clients are not', () => {
    const foreign = ['KEYHOUSE_PORT', 'KEYHOUSE_PORT_4000_TCP', 'KEYHOUSE_SERVICE_HOST', 'KEYHOUSE_SERVICE_PORT_HTTP', 'KEYHOUSE_API_KEY']
    const unknown = ['KEYHOUSE_URLS__', 'KEYHOUSE_API_KEYS', 'KEYHOUSE_ISSUER']
    const { unreadVariables } = readConfig(
      Object.fromEntries([...foreign, ...unknown, 'URL', 'MY_KEYHOUSE_URL'].map((name) => [name, 'x'])),
    )
    expect(unreadVariables).toEqual(unknown)
  })
})
