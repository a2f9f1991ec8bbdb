/**
 * Prints a CycloneDX bill of materials of the production dependencies, by `npm sbom`. Its `--omit=dev` also omits packages
 * that tests need too, such as graphql, so it runs on a manifest and a lock file without the development dependencies.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { productionLock, productionManifest, productionPackages } from './production-packages.js'

const read = (path) => JSON.parse(readFileSync(path, 'utf8'))

const lock = read('package-lock.json')
const production = productionPackages(lock)
const temporary = mkdtempSync(join(tmpdir(), 'keyhouse-sbom-'))
// npm names the bill after its folder.
const folder = join(temporary, 'keyhouse')
mkdirSync(folder)
const write = (name, value) => writeFileSync(join(folder, name), JSON.stringify(value))
try {
  write('package.json', productionManifest(read('package.json')))
  write('package-lock.json', productionLock(lock))
  const text = execFileSync('npm', ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1e8,
  })
  const listed = new Set(JSON.parse(text).components.map(({ purl }) => decodeURIComponent(purl)))
  const missing = production.filter(([path, { version }]) => !listed.has(`pkg:npm/${path.split('node_modules/').at(-1)}@${version}`))
  if (missing.length > 0) throw new Error(`not in the bill: ${missing.map(([path]) => path).join(', ')}`)
  process.stdout.write(text)
} finally {
  rmSync(temporary, { recursive: true })
}
