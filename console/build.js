/** Writes the console into the given folder: files with a digest in their name, and a Brotli file beside each of them. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { brotliCompressSync, constants } from 'node:zlib'

import { bundle } from './bundle.js'

const [, , folder = 'dist'] = process.argv

const { metafile, outputFiles } = await bundle()
const [script, { cssBundle, imports }] = Object.entries(metafile.outputs).find(([, { entryPoint }]) => entryPoint === 'src/main.tsx')
// A lazy screen's own style sheet is never loaded: src/styles/all.ts puts all of them into the main one.
const isUsed = (name) => !/\.css(\.|$)/.test(name) || name.startsWith(basename(cssBundle))

rmSync(folder, { recursive: true, force: true })
mkdirSync(folder)
const write = (name, contents) => {
  writeFileSync(join(folder, name), contents)
  writeFileSync(join(folder, `${name}.br`), brotliCompressSync(contents, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }))
}
for (const { path, contents } of outputFiles) if (isUsed(basename(path))) write(basename(path), contents)

const url = (path) => `/console/${basename(path)}`
const preloads = imports.filter(({ kind }) => kind === 'import-statement').map(({ path }) => url(path))
const assets = [
  `<link rel="stylesheet" href="${url(cssBundle)}" />`,
  ...preloads.map((href) => `<link rel="modulepreload" href="${href}" />`),
  `<script type="module" src="${url(script)}"></script>`,
]
write('index.html', readFileSync(new URL('index.html', import.meta.url), 'utf8').replace('<!-- assets -->', assets.join('\n    ')))
