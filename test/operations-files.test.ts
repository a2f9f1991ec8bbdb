/** Files of examples/operations for a production deployment: manifests, dashboard and backups. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { parseAllDocuments } from 'yaml'

import { startApp, type TestApp } from './support/app.js'
import { isPostgres } from './support/database.js'
import { organization } from './support/seed.js'
import { root } from './support/shell.js'
import { openSqlConnection } from './support/sql-connection.js'

const folder = join(root, 'examples/operations')

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

interface Manifest {
  readonly apiVersion: string
  readonly kind: string
}

interface Model {
  validate(): void
}

const manifests = (): Manifest[] =>
  parseAllDocuments(readFileSync(join(folder, 'kubernetes/keyhouse.yaml'), 'utf8')).map((document) => document.toJS() as Manifest)

/** Validates by the schema of the Kubernetes API. @throws Error that names the field */
async function validate(manifest: Manifest): Promise<void> {
  const models = (await import(`kubernetes-models/${manifest.apiVersion}/${manifest.kind}`)) as Record<string, new (data: object) => Model>
  new models[manifest.kind]!(manifest).validate()
}

describe('the manifests of Kubernetes', () => {
  test('fit the schema of its API', async () => {
    expect(manifests().map(({ kind }) => kind)).toEqual(['Deployment', 'Service', 'PodDisruptionBudget', 'Ingress'])
    for (const manifest of manifests()) await validate(manifest)
    const [deployment] = manifests()
    await expect(validate({ ...deployment!, spec: { replicas: 'two' } } as Manifest)).rejects.toThrow('replicas')
  })

  test('set variables that Keyhouse reads', () => {
    const text = readFileSync(join(folder, 'kubernetes/keyhouse.yaml'), 'utf8')
    const documented = readFileSync(join(root, 'docs/guide/reference.md'), 'utf8')
    const names = [...text.matchAll(/name: ((?:KEYHOUSE|DATABASE)_\w+)/g)].map(([, name]) => name!)
    expect(names.length).toBeGreaterThan(5)
    for (const name of names) expect(documented).toContain(`| \`${name}\` |`)
  })
})

test('the dashboard of Grafana uses metrics that /metrics has', async () => {
  const { panels } = JSON.parse(readFileSync(join(folder, 'grafana-dashboard.json'), 'utf8')) as {
    panels: { targets: { expr: string }[] }[]
  }
  const metrics = await (await fetch(`${app.url}/metrics`)).text()
  const types = new Map([...metrics.matchAll(/^# TYPE (\w+) (\w+)/gm)].map(([, name, type]) => [name!, type!]))
  const used = new Set(panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => expr.match(/\b(?:keyhouse|process)_\w+/g) ?? [])))
  const known = (name: string): boolean => types.has(name) || types.get(name.replace(/_(bucket|sum|count)$/, '')) === 'histogram'
  // SQLite has no pool of connections.
  expect([...used].filter((name) => !known(name))).toEqual(isPostgres ? [] : ['keyhouse_database_pool'])
})

if (isPostgres) test('backup.sh: PostgreSQL needs its own pg_dump, which test/guide.test.ts runs', () => undefined)
else
  test('backup.sh writes a dated copy, readable by its owner alone, that can be opened', async () => {
    const acme = await organization(app)
    const target = mkdtempSync(join(tmpdir(), 'keyhouse-backups-'))
    const env = {
      PATH: process.env['PATH'],
      ...app.env,
      BACKUP_DIR: target,
      KEYHOUSE_HOME: root,
      NODE: process.execPath,
      ENV_FILE: '/none',
    }
    execFileSync(join(folder, 'backup.sh'), { env })
    const [file] = readdirSync(target)
    expect(file).toMatch(/^keyhouse-\d{8}T\d{6}Z\.db$/)
    execFileSync('mv', [join(target, file!), join(target, 'keyhouse.db')])
    const copy = await openSqlConnection({ KEYHOUSE_DATA_DIR: target })
    expect((await copy.rows('select id from organization')).map(({ id }) => id)).toContain(acme.id)
    await copy.close()
    rmSync(target, { recursive: true })
  })
