/** Bundles the explorer and all of its assets into the given folder, so that it works without internet access. */
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { build } from 'esbuild'

const at = (path) => fileURLToPath(new URL(path, import.meta.url))

const [, , folder] = process.argv

await build({
  absWorkingDir: at('..'),
  entryPoints: {
    explorer: 'explorer/explorer.js',
    'editor.worker': 'monaco-editor/esm/vs/editor/editor.worker.js',
    'json.worker': 'monaco-editor/esm/vs/language/json/json.worker.js',
    'graphql.worker': 'monaco-graphql/esm/graphql.worker.js',
  },
  outdir: folder,
  bundle: true,
  splitting: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  legalComments: 'linked',
  loader: { '.ttf': 'file', '.woff': 'file', '.woff2': 'file' },
  define: { 'process.env.NODE_ENV': '"production"' },
  logLevel: 'warning',
})
copyFileSync(at('index.html'), join(folder, 'index.html'))
