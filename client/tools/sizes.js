/** Prints the bundle size of each function and each hook, with and without the client; fails above the limits. */
import { fileURLToPath, pathToFileURL } from 'node:url'

import { build } from 'esbuild'

/** Maximum size in bytes of a function with the client, minified, before compression. */
export const limit = 4096
/** The same for a hook, without React and TanStack Query. */
export const hookLimit = 6144

/** @param {string} dist the compiled package */
export async function sizes(dist = fileURLToPath(new URL('../dist/', import.meta.url))) {
  const bundle = async (contents) => {
    const { outputFiles, metafile } = await build({
      stdin: { contents, resolveDir: dist },
      bundle: true,
      minify: true,
      write: false,
      metafile: true,
      format: 'esm',
      platform: 'browser',
      target: 'es2022',
      logLevel: 'error',
      external: ['react', '@tanstack/react-query'],
    })
    return { bytes: outputFiles[0].contents.length, inputs: Object.keys(metafile.inputs) }
  }
  const measure = async (generated, module, shared, maximum) => {
    const names = Object.keys(await import(pathToFileURL(`${dist}/generated/${generated}.js`).href))
    const rows = []
    for (const name of names) {
      const { bytes, inputs } = await bundle(`${shared}; export { ${name} } from './${module}.js'`)
      const { bytes: alone } = await bundle(`export { ${name} } from './${module}.js'`)
      rows.push({ name, bytes, alone, inputs, limit: maximum })
    }
    return rows.toSorted((a, b) => b.bytes - a.bytes)
  }
  const client = `export { createClient } from './index.js'`
  return [
    ...(await measure('operations', 'index', client, limit)),
    ...(await measure('hooks', 'react', `${client}; export { KeyhouseProvider } from './react.js'`, hookLimit)),
  ]
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const rows = await sizes()
  console.log(`${'name'.padEnd(36)}${'with client'.padStart(12)}${'alone'.padStart(8)}${'limit'.padStart(8)}   bytes, minified`)
  for (const row of rows)
    console.log(row.name.padEnd(36) + String(row.bytes).padStart(12) + String(row.alone).padStart(8) + String(row.limit).padStart(8))
  if (rows.some(({ bytes, limit: maximum }) => bytes >= maximum)) process.exitCode = 1
}
