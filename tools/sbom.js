/**
 * Prints a bill of materials of what runs, in CycloneDX, by `npm sbom`. Not by its `--omit=dev`, which also leaves out what
 * tests need besides, such as graphql: it is asked about a manifest and a lock file without the rest.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const read = (path) => JSON.parse(readFileSync(path, 'utf8'))
const withoutTests = ({ devDependencies: _tests, workspaces: _client, ...rest }) => rest

const lock = read('package-lock.json')
const running = Object.entries(lock.packages).filter(([path, { dev, link }]) => path.startsWith('node_modules/') && !dev && !link)
const place = mkdtempSync(join(tmpdir(), 'keyhouse-sbom-'))
// The bill bears the name of its folder.
const folder = join(place, 'keyhouse')
mkdirSync(folder)
const write = (name, value) => writeFileSync(join(folder, name), JSON.stringify(value))
try {
  write('package.json', withoutTests(read('package.json')))
  write('package-lock.json', { ...lock, packages: { '': withoutTests(lock.packages['']), ...Object.fromEntries(running) } })
  const text = execFileSync('npm', ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1e8,
  })
  const named = new Set(JSON.parse(text).components.map(({ purl }) => decodeURIComponent(purl)))
  const missing = running.filter(([path, { version }]) => !named.has(`pkg:npm/${path.split('node_modules/').at(-1)}@${version}`))
  if (missing.length > 0) throw new Error(`not in the bill: ${missing.map(([path]) => path).join(', ')}`)
  process.stdout.write(text)
} finally {
  rmSync(place, { recursive: true })
}
