/** Bundles the console into dist with hashed file names, and writes a Brotli file beside each of them. */
import { readFileSync, rmSync, writeFileSync, mkdirSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants } from 'node:zlib'

import { build } from 'esbuild'

const at = (path) => fileURLToPath(new URL(path, import.meta.url))
const dist = at('dist/')

const { metafile, outputFiles } = await build({
  absWorkingDir: at('.'),
  entryPoints: ['src/main.tsx'],
  outdir: dist,
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  publicPath: '/console/',
  bundle: true,
  splitting: true,
  format: 'esm',
  target: 'es2022',
  jsx: 'automatic',
  minify: true,
  legalComments: 'linked',
  loader: { '.module.css': 'local-css' },
  define: { 'process.env.NODE_ENV': '"production"' },
  metafile: true,
  write: false,
  logLevel: 'warning',
})

const outputs = Object.entries(metafile.outputs)
const [mainScript, main] = outputs.find(([, { entryPoint }]) => entryPoint === 'src/main.tsx')
// A lazy screen's own style sheet is never loaded: src/styles/all.ts puts all of them into the main one.
const isUsed = (path) => !path.endsWith('.css') || path.endsWith(basename(main.cssBundle))
const preloads = main.imports.filter(({ kind }) => kind === 'import-statement').map(({ path }) => path)

rmSync(dist, { recursive: true, force: true })
mkdirSync(dist)
const write = (name, contents) => {
  writeFileSync(dist + name, contents)
  writeFileSync(`${dist}${name}.br`, brotliCompressSync(contents, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }))
}
for (const { path, contents } of outputFiles) if (isUsed(path)) write(basename(path), contents)

const url = (path) => `/console/${basename(path)}`
const assets = [
  `<link rel="stylesheet" href="${url(main.cssBundle)}" />`,
  ...preloads.map((path) => `<link rel="modulepreload" href="${url(path)}" />`),
  `<script type="module" src="${url(mainScript)}"></script>`,
]
write('index.html', readFileSync(at('index.html'), 'utf8').replace('<!-- assets -->', assets.join('\n    ')))
// For the sizes and the bill of materials; the server does not serve it.
writeFileSync(`${dist}metafile.json`, JSON.stringify(metafile))
