/** What the command line says before it has any database: help, arguments that are wrong, faults of the configuration. */
import { describe, expect, test } from '@jest/globals'

import { runKeyhouse } from '../support/process.js'

const commands = [
  'start',
  'migrate',
  'backup',
  'organization create',
  'organization list',
  'organization suspend',
  'organization resume',
  'sign-in',
  'api-key create',
  'api-key import',
  'signing-key rotate',
  'signing-key retire',
  'vault status',
  'vault reseal',
  'audit export',
  'audit verify',
]

describe('keyhouse', () => {
  test('says its version, and what it can do', async () => {
    const [version, help] = await Promise.all([runKeyhouse(['--version'], {}), runKeyhouse(['--help'], {})])
    expect(version).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
    for (const command of ['start', 'migrate', 'organization', 'sign-in', 'api-key']) expect(help.stdout).toContain(command)
  })

  test('groups its commands in the help, with examples and the exit codes', async () => {
    const { stdout } = await runKeyhouse(['--help'], {})
    const titles = ['Server and database:', 'Organizations and access:', 'Keys and audit trail:', 'Examples:', 'Exit codes:']
    for (const title of titles) expect(stdout).toContain(`\n${title}\n`)
    expect(stdout.match(/^ {2}npx keyhouse .+$/gm)).toHaveLength(3)
    expect(stdout.match(/^ {2}\d {2}\S/gm)).toEqual(['  0  s', '  1  f', '  3  a'])
  })

  test.each(commands)('%s has an example of itself in its help', async (name) => {
    const { code, stdout } = await runKeyhouse([...name.split(' '), '--help'], {})
    expect(code).toBe(0)
    expect(stdout).toMatch(new RegExp(`^Usage: keyhouse ${name}`))
    expect(stdout.match(/^ {2}npx keyhouse .+$/gm)).toEqual([expect.stringContaining(`npx keyhouse ${name}`)])
  })

  test('has colours when asked for, and none without a terminal or with NO_COLOR', async () => {
    const of = (env: Record<string, string>): Promise<string[]> =>
      Promise.all([runKeyhouse(['--help'], env), runKeyhouse(['audit', 'verify'], env)]).then(([help, error]) => [
        help.stdout,
        error.stderr,
      ])
    const escape = '\u001B['
    expect((await of({ FORCE_COLOR: '1' })).map((text) => text.includes(escape))).toEqual([true, true])
    for (const env of [{}, { NO_COLOR: '1' }, { NO_COLOR: '1', FORCE_COLOR: '1' }])
      expect((await of(env)).map((text) => text.includes(escape))).toEqual([false, false])
  })

  test.each([
    [['nonsense'], "unknown command 'nonsense'"],
    [['organization', 'create', '--name', 'Acme'], "required option '--email <address>' not specified"],
    [['sign-in'], "required option '--email <address>' not specified"],
    [['api-key', 'create', '--environment', 'STAGING'], 'Allowed choices are SANDBOX, PRODUCTION'],
    [['migrate', '--force'], "unknown option '--force'"],
  ])('%j is refused', async (args, message) => {
    const { code, stderr, stdout } = await runKeyhouse(args, {})
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain(message)
  })

  test('names every fault of the configuration at once, and none of its values', async () => {
    const { code, stderr } = await runKeyhouse(['migrate'], {
      PORT: '65536',
      KEYHOUSE_URL: 'keys.example.com',
      DATABASE_URL: 'mysql://root:hunter2@db/keyhouse',
      KEYHOUSE_MASTER_KEYS: 'k1:hunter2',
      LOG_LEVEL: 'loud',
    })
    expect(code).toBe(1)
    expect(stderr).toContain('The configuration has 5 errors:')
    for (const name of ['PORT', 'KEYHOUSE_URL', 'DATABASE_URL', 'KEYHOUSE_MASTER_KEYS', 'LOG_LEVEL'])
      expect(stderr).toContain(`- ${name}: `)
    expect(stderr).not.toContain('hunter2')
    expect(stderr).not.toMatch(/^ +at /m)
  })

  test('reads .env in its folder, and what is set wins over it', async () => {
    const { stderr } = await runKeyhouse(['migrate'], { LOG_LEVEL: 'info' }, 'PORT=one\nLOG_LEVEL=loud\n')
    expect(stderr).toContain('The configuration has an error:\n  - PORT: ')
  })

  test('wants master keys for PostgreSQL, and tells how to make one', async () => {
    const { code, stderr } = await runKeyhouse(['migrate'], { DATABASE_URL: 'postgres://keyhouse@localhost/keyhouse' })
    expect(code).toBe(1)
    expect(stderr).toContain('KEYHOUSE_MASTER_KEYS: is required with PostgreSQL')
    expect(stderr).toContain('openssl rand -base64 32')
  })

  test('says in one line that the database is away, without its password', async () => {
    const { code, stderr } = await runKeyhouse(['migrate'], {
      DATABASE_URL: 'postgres://keyhouse:hunter2@127.0.0.1:1/keyhouse',
      KEYHOUSE_MASTER_KEYS: `k1:${Buffer.alloc(32).toString('base64')}`,
    })
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/^The database is unavailable .*Check DATABASE_URL.*\n$/),
    })
    expect(stderr).not.toContain('hunter2')
  })
})
