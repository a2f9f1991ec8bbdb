/** One deployment: its version, its single server on SQLite, and commands that run with the server's settings. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'

import { readConfig } from '../src/config/config.js'
import { recordServerSettings } from '../src/encryption/server-settings.js'
import { version } from '../src/lib/version.js'
import { openServices } from '../src/open-services.js'
import { emptyDatabase, isPostgres, type TestDatabase } from './support/database.js'
import { freePort } from './support/local-server.js'
import { newMasterKey } from './support/master-keys.js'
import { sendGraphql, runKeyhouse, runKeyhouseJson, startKeyhouse, type ServerProcess } from './support/process.js'
import { openSqlConnection } from './support/sql-connection.js'

let database: TestDatabase
beforeEach(async () => {
  database = await emptyDatabase()
})
afterEach(() => database.drop())

async function end(served: ServerProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  served.kill(signal)
  await served.exited
}

const create = ['organization', 'create', '--name', 'Acme', '--email', 'ada@example.com']

describe('a database that a newer version has migrated', () => {
  test('is refused by the server and by every command, with both versions, and is left as it was', async () => {
    await runKeyhouse(['migrate'], database.env)
    const raw = await openSqlConnection(database.env)
    await raw.run(`insert into mikro_orm_migrations (name, executed_at) values ('9999-future', '2030-01-01 00:00:00')`)
    await raw.run(`update deployment_state set migrated_by = '99.1.0'`)
    await raw.close()
    const message = `A newer version, Keyhouse 99.1.0, has migrated this database (9999-future), and this is Keyhouse ${version}. Run the newer version, or restore the backup from before the upgrade.\n`
    const ended = await Promise.all(
      [['start'], ['migrate'], ['vault', 'status'], create].map((args) => runKeyhouse(args, { ...database.env, PORT: '0' })),
    )
    expect(ended).toEqual(ended.map(() => ({ code: 1, stdout: '', stderr: message })))
    const after = await openSqlConnection(database.env)
    expect(await after.rows('select id from organization')).toEqual([])
    expect(await after.rows('select migrated_by from deployment_state')).toEqual([{ migrated_by: '99.1.0' }])
    await after.close()
  })
})

describe('a second server', () => {
  test('on the same SQLite file is refused while the first runs, commands are not, and a kill -9 leaves no lock', async () => {
    const port = await freePort()
    const first = await startKeyhouse(database.env)
    if (isPostgres) {
      await end(await startKeyhouse(database.env))
      return end(first)
    }
    const second = await runKeyhouse(['start'], { ...database.env, PORT: port })
    expect(second).toMatchObject({ code: 1, stdout: '' })
    expect(second.stderr).toMatch(
      /^Another server runs on \S+keyhouse\.db\. Stop it, or set KEYHOUSE_DATA_DIR to another directory\. .+\n$/,
    )
    expect((await runKeyhouse(['organization', 'list'], database.env)).code).toBe(0)
    expect((await runKeyhouse(['migrate'], database.env)).code).toBe(0)
    await end(first, 'SIGKILL')
    await end(await startKeyhouse(database.env))
  })
})

describe('a command beside a server', () => {
  test('takes the settings that it leaves out from the server, so that what it makes works there', async () => {
    const served = await startKeyhouse({ ...database.env, KEYHOUSE_KEY_PREFIX: 'acme' })
    const { sandboxApiKey, adminToken, sandboxIssuer } = await runKeyhouseJson(create, database.env)
    expect(sandboxApiKey).toMatch(/^acme_sand_/)
    expect(sandboxIssuer).toContain(new URL(served.url).port)
    expect((await sendGraphql(served.url, adminToken, '{ viewer { kind } }')).data.viewer.kind).toBe('PERSONAL_TOKEN')
    await end(served)
  })

  test('is refused with settings that contradict those of the server, all of them at once', async () => {
    await end(await startKeyhouse({ ...database.env, KEYHOUSE_URL: 'https://a.example' }))
    const settings = { KEYHOUSE_URL: 'https://b.example', KEYHOUSE_JWT_ALGORITHM: 'RS256', KEYHOUSE_KEY_PREFIX: 'acme' }
    const { code, stderr } = await runKeyhouse(create, { ...database.env, ...settings })
    expect(code).toBe(1)
    expect(stderr).toContain('The configuration has 3 errors:')
    expect(stderr).toContain('KEYHOUSE_URL: is https://b.example here, and the server last ran with https://a.example: leave it out')
    expect((await runKeyhouse(['migrate'], { ...database.env, ...settings })).code).toBe(0)
    expect((await runKeyhouse(create, { ...database.env, KEYHOUSE_URL: 'https://a.example' })).code).toBe(0)
  })

  test("seals with no master key that is older than the server's, nor with one that the server does not have", async () => {
    const [k1, k2, k3] = [newMasterKey('k1'), newMasterKey('k2'), newMasterKey('k3')]
    let now = 0
    const open = async (keys: string[], followServer: boolean): Promise<void> => {
      const config = readConfig({ ...database.env, KEYHOUSE_MASTER_KEYS: keys.join(','), LOG_LEVEL: 'silent' })
      const { services, close } = await openServices(config, { followServer, clock: () => new Date(now) })
      if (!followServer) await recordServerSettings(services.orm, config, services.masterKeys)
      await close()
    }
    const served = (...keys: string[]): Promise<void> => open(keys, false)
    const command = (...keys: string[]): Promise<void> => open(keys, true)
    await served(k1)
    await expect(command(k2, k1)).rejects.toThrow('"k2" is first here, and the server last ran without it (k1)')
    now++
    await served(k1, k2)
    await command(k1, k2)
    await command(k2, k1)
    await served(k2, k1)
    await command(k2, k1)
    await expect(command(k1, k2)).rejects.toThrow(
      '"k1" is first here, and the server last sealed with "k2": give them in the server\'s order (k2,k1)',
    )
    await expect(command(k3, k2, k1)).rejects.toThrow('"k3" is first here, and the server last ran without it (k2,k1)')
    // A refused command leaves no trace: the key is still unknown.
    const raw = await openSqlConnection(database.env)
    expect(await raw.rows('select id from master_key_proof order by id')).toEqual([{ id: 'k1' }, { id: 'k2' }])
    await raw.close()
  })
})
