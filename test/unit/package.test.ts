/** The server's package: its files, its entry for programs, and what it pins. `npm run test:long` installs and starts it. */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

import { expect, test } from '@jest/globals'

import { productionLock } from '../../tools/production-packages.js'
import { root } from '../support/shell.js'

interface Manifest {
  readonly version: string
  readonly dependencies: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>
}
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const manifest = JSON.parse(read('package.json')) as Manifest

test('the tarball holds what runs, the client and the entry’s types, and no source, map or test', () => {
  const output = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root, encoding: 'utf8' })
  const paths = [...output.matchAll(/"path": "([^"]+)"/g)].map(([, path]) => path!)
  for (const path of ['bin/keyhouse.js', 'dist/cli.js', 'dist/explorer/index.html', 'schema.graphql', 'LICENSE', 'README.md'])
    expect(paths).toContain(path)
  expect(paths.filter((path) => path.startsWith('dist/client/'))).toEqual([`dist/client/keyhouse-client-${manifest.version}.tgz`])
  expect(paths.filter((path) => path.endsWith('.d.ts'))).toEqual(['dist/keyhouse.d.ts'])
  const kinds = new Set(paths.map((path) => path.split('/', 1)[0]!))
  expect([...kinds].toSorted((a, b) => a.localeCompare(b, 'en'))).toEqual([
    'bin',
    'dist',
    'LICENSE',
    'package.json',
    'README.md',
    'schema.graphql',
  ])
  expect(paths.filter((path) => /\.map$|\.test\.|build-started/.test(path))).toEqual([])
})

test('each of its exports exists, and the entry loads what a program can start', () => {
  const require = createRequire(join(root, 'package.json'))
  for (const name of Object.keys(manifest.exports)) expect(existsSync(require.resolve(join('keyhouse', name)))).toBe(true)
  const program = `import { startServer } from 'keyhouse'; console.log(typeof startServer)`
  expect(execFileSync(process.execPath, ['--input-type=module', '-e', program], { cwd: root, encoding: 'utf8' })).toBe('function\n')
})

test('its npm-shrinkwrap.json pins every dependency with a hash, and nothing that only tests need', () => {
  const { packages } = productionLock(JSON.parse(read('package-lock.json')) as Parameters<typeof productionLock>[0])
  for (const [name, version] of Object.entries(manifest.dependencies))
    expect(packages[`node_modules/${name}`]).toMatchObject({ version, integrity: expect.stringMatching(/^sha512-/) })
  expect(packages['']).not.toHaveProperty('devDependencies')
  expect(packages['']).not.toHaveProperty('workspaces')
  for (const name of ['jest', 'typescript', '@keyhouse/client']) expect(packages).not.toHaveProperty([`node_modules/${name}`])
})

test('the client has the version of the server, and examples/frontend names its file', () => {
  expect(JSON.parse(read('client/package.json'))).toMatchObject({ version: manifest.version })
  expect(readdirSync(join(root, 'dist/client'))).toEqual([`keyhouse-client-${manifest.version}.tgz`])
  for (const file of ['package.json', 'package-lock.json'])
    expect(read(`examples/frontend/${file}`)).toContain(`"file:../../dist/client/keyhouse-client-${manifest.version}.tgz"`)
  // With a hash, npm would refuse the client of any other build.
  expect(read('examples/frontend/package-lock.json')).toMatch(/keyhouse-client-[^"]+\.tgz",\n +"license"/)
})
