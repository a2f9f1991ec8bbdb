/**
 * Prints a CycloneDX bill of materials of the production dependencies and of the packages in the console's bundle, by
 * `npm sbom`. Its `--omit=dev` also omits packages that tests need too, such as graphql, and all of the bundle's, so it
 * runs on a manifest and a lock file without the other development dependencies.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { bundle } from '../console/bundle.js'
import { productionLock, productionManifest, productionPackages } from './production-packages.js'

const read = (path) => JSON.parse(readFileSync(path, 'utf8'))

const lock = read('package-lock.json')
const production = productionPackages(lock)

/** Entries of the packages in the console's bundle, without the dependencies that the bundle leaves out. */
async function bundledPackages() {
  const { metafile } = await bundle()
  const paths = Object.keys(metafile.inputs).map((input) => /node_modules\/(?:.*node_modules\/)?(?:@[^/]+\/)?[^/]+/.exec(input)?.[0])
  const names = new Set(paths.filter((path) => path !== undefined))
  return [...names].map((path) => {
    const { dev: _dev, peerDependencies: _peers, dependencies = {}, ...entry } = lock.packages[path]
    const kept = Object.entries(dependencies).filter(([name]) => names.has(`node_modules/${name}`))
    return [path, { ...entry, dependencies: Object.fromEntries(kept) }]
  })
}

const bundled = await bundledPackages()
/** The bundle's packages as dependencies, since `npm sbom` lists what the manifest leads to. */
const withBundle = ({ dependencies, ...rest }) => ({
  ...rest,
  dependencies: {
    ...dependencies,
    ...Object.fromEntries(bundled.map(([path, { version }]) => [path.replace('node_modules/', ''), version])),
  },
})
const temporary = mkdtempSync(join(tmpdir(), 'keyhouse-sbom-'))
// npm names the bill after its folder.
const folder = join(temporary, 'keyhouse')
mkdirSync(folder)
const write = (name, value) => writeFileSync(join(folder, name), JSON.stringify(value))
try {
  write('package.json', withBundle(productionManifest(read('package.json'))))
  const { packages, ...rest } = productionLock(lock)
  write('package-lock.json', { ...rest, packages: { ...packages, ...Object.fromEntries(bundled), '': withBundle(packages['']) } })
  const text = execFileSync('npm', ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1e8,
  })
  const listed = new Set(JSON.parse(text).components.map(({ purl }) => decodeURIComponent(purl)))
  const missing = [...production, ...bundled].filter(
    ([path, { version }]) => !listed.has(`pkg:npm/${path.split('node_modules/').at(-1)}@${version}`),
  )
  if (missing.length > 0) throw new Error(`not in the bill: ${missing.map(([path]) => path).join(', ')}`)
  process.stdout.write(text)
} finally {
  rmSync(temporary, { recursive: true })
}
