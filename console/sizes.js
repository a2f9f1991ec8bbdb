/** Prints the compressed size of each screen of the console; fails above the limits. */
import { basename } from 'node:path'
import { gzipSync } from 'node:zlib'

import { bundle } from './bundle.js'

/** Maximum sizes in kB (1,000 bytes), gzip. */
const limits = { 'sign-in and overview': 110, 'any screen': 215, everything: 260, styles: 14 }

const { metafile, outputFiles } = await bundle()
const { outputs } = metafile
const sizes = new Map(outputFiles.map(({ path, contents }) => [basename(path), gzipSync(contents).length]))
const kilobytes = (paths) => [...paths].reduce((sum, path) => sum + sizes.get(basename(path)), 0) / 1000

/** The output and everything that it imports statically. */
function closure(path, found = new Set()) {
  if (found.has(path)) return found
  found.add(path)
  for (const { path: next, kind } of outputs[path].imports) if (kind === 'import-statement') closure(next, found)
  return found
}

const entries = Object.entries(outputs).filter(([path, { entryPoint }]) => path.endsWith('.js') && entryPoint)
const [main, { cssBundle }] = entries.find(([, { entryPoint }]) => entryPoint === 'src/main.tsx')
const shell = closure(main)
// The notices about the session are part of every screen; the palette is not.
const notices = entries.find(([, { entryPoint }]) => entryPoint === 'src/session-notices.tsx')[0]
const screens = entries.filter(([, { entryPoint }]) => entryPoint.startsWith('src/screens/'))

const rows = screens.map(([path, { entryPoint }]) => [
  entryPoint.replace('src/screens/', '').replace('.tsx', ''),
  kilobytes(closure(path, closure(notices, new Set(shell)))),
])
const scripts = Object.keys(outputs).filter((path) => path.endsWith('.js'))
const overview = screens.find(([, { entryPoint }]) => entryPoint === 'src/screens/overview.tsx')[0]
const results = {
  'sign-in and overview': kilobytes(closure(overview, new Set(shell))),
  'any screen': Math.max(...rows.map(([, size]) => size)),
  everything: kilobytes(scripts),
  styles: kilobytes([cssBundle]),
}
for (const [name, size] of rows.toSorted((a, b) => b[1] - a[1])) console.log(`${name.padEnd(28)}${size.toFixed(1).padStart(8)} kB`)
for (const [name, size] of Object.entries(results)) {
  console.log(`${name.padEnd(28)}${size.toFixed(1).padStart(8)} kB of ${limits[name]}`)
  if (size > limits[name]) process.exitCode = 1
}
