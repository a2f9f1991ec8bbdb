/**
 * Checks the documents against the code. Every file, symbol and test title in docs/threats.md and in the claims of README.md
 * must exist. Every dependency must have a row with its licence in docs/dependencies.md, and vice versa. Every link between
 * documents must resolve. README.md lists every folder of src and, as the index of the guide does, every page.
 */
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const faults = []
const textOf = (path) => readFileSync(path, 'utf8')
const jsonOf = (path) => JSON.parse(textOf(path))

/**
 * Finds `src/x.ts` in backticks; `src/x.ts` · `symbol`, and `test/x.test.ts` · "title of the test", for as many of them as follow it.
 * A path may be the text of a link. It has a slash and a symbol has none, so a list of paths is not taken for symbols.
 */
function checkReferences(path, document = textOf(path)) {
  const reference = /`([\w.-]+\/[\w./-]+\.[a-z]+)`(?:\]\([^)]*\))?((?:(?: ·|,) (?:"[^"]+"|`[A-Za-z_$][\w$]*`))*)/g
  for (const [, file, names] of document.matchAll(reference)) {
    if (!existsSync(file)) {
      faults.push(`${path}: there is no ${file}`)
      continue
    }
    const text = textOf(file)
    const words = new Set(text.match(/[\w$]+/g))
    for (const [, title, symbol] of names.matchAll(/"([^"]+)"|`([^`]+)`/g)) {
      if (title !== undefined && !text.includes(title)) faults.push(`${path}: ${file} has no test "${title}"`)
      if (symbol !== undefined && !words.has(symbol)) faults.push(`${path}: ${file} has no ${symbol}`)
    }
  }
}

/** The rest of the README names files that exist only after a start. */
function checkClaims(path) {
  const [, section] = /\n## Claims and tests\n(.*?)\n## /s.exec(textOf(path)) ?? []
  if (section === undefined) faults.push(`${path}: there is no section "Claims and tests"`)
  else checkReferences(path, section)
}

function checkDependencies(path) {
  const licences = new Map([...textOf(path).matchAll(/^\| `([^`]+)` +\| ([^|]+?) +\|/gm)].map(([, name, licence]) => [name, licence]))
  const { packages } = jsonOf('package-lock.json')
  const used = new Set()
  for (const manifest of ['package.json', 'client/package.json', 'console/package.json']) {
    const { dependencies, devDependencies, optionalDependencies } = jsonOf(manifest)
    const names = Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies })
    // The client is a workspace, and no dependency.
    for (const name of names) if (!packages[`node_modules/${name}`]?.link) used.add(name)
  }
  for (const name of used) {
    const licence = packages[`node_modules/${name}`]?.license ?? 'not stated'
    if (!licences.has(name)) faults.push(`${path}: ${name} has no row`)
    else if (licences.get(name) !== licence) faults.push(`${path}: the licence of ${name} is ${licence}, not ${licences.get(name)}`)
  }
  for (const name of licences.keys()) if (!used.has(name)) faults.push(`${path}: ${name} is no dependency`)
}

function checkLinks(path) {
  for (const [, target] of textOf(path).matchAll(/\]\((?!https?:|mailto:|#)([^)#]+)[^)]*\)/g)) {
    if (!existsSync(join(dirname(path), target))) faults.push(`${path}: ${target} leads nowhere`)
  }
}

/** A newcomer looks for a folder or a page where all of its kind are listed. */
function checkIndex(path, entries) {
  const text = textOf(path)
  for (const [name, form] of entries) if (!text.includes(form)) faults.push(`${path}: ${name} is not listed`)
}

checkReferences('docs/threats.md')
checkClaims('README.md')
checkDependencies('docs/dependencies.md')
for (const path of [...globSync('*.md'), ...globSync('docs/**/*.md'), ...globSync('client/*.md'), ...globSync('examples/*/*.md')])
  checkLinks(path)

const folders = readdirSync('src', { withFileTypes: true }).filter((entry) => entry.isDirectory())
const pages = readdirSync('docs/guide').filter((name) => name.endsWith('.md') && name !== 'README.md')
checkIndex('README.md', [
  ...folders.map(({ name }) => [`src/${name}`, `\`${name}\``]),
  ...pages.map((name) => [`docs/guide/${name}`, `](docs/guide/${name}`]),
])
checkIndex(
  'docs/guide/README.md',
  pages.map((name) => [name, `](${name}`]),
)

for (const fault of faults) console.error(fault)
if (faults.length > 0) process.exitCode = 1
