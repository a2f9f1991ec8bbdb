/** Prints the bundle size of each function, with and without the client; fails above the limit. */
import { fileURLToPath, pathToFileURL } from 'node:url'

import { build } from 'esbuild'

/** Maximum size in bytes, minified, before compression. */
export const limit = 4096

/** @param {string} dist the compiled package */
export async function sizes(dist = fileURLToPath(new URL('../dist/', import.meta.url))) {
  const functions = Object.keys(await import(pathToFileURL(`${dist}/generated/operations.js`).href))
  const entry = async (names) => {
    const { outputFiles, metafile } = await build({
      stdin: { contents: `export { ${names.join(', ')} } from './index.js'`, resolveDir: dist },
      bundle: true,
      minify: true,
      write: false,
      metafile: true,
      format: 'esm',
      platform: 'browser',
      target: 'es2022',
      logLevel: 'error',
    })
    return { bytes: outputFiles[0].contents.length, inputs: Object.keys(metafile.inputs) }
  }
  const rows = []
  for (const name of functions) {
    const whole = await entry(['createClient', name])
    const alone = await entry([name])
    rows.push({ name, bytes: whole.bytes, alone: alone.bytes, inputs: whole.inputs })
  }
  return rows.toSorted((a, b) => b.bytes - a.bytes)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const rows = await sizes()
  console.log(`${'function'.padEnd(28)}${'with client'.padStart(12)}${'alone'.padStart(8)}   bytes, minified; limit ${limit}`)
  for (const { name, bytes, alone } of rows) console.log(`${name.padEnd(28)}${String(bytes).padStart(12)}${String(alone).padStart(8)}`)
  if (rows.some(({ bytes }) => bytes >= limit)) process.exitCode = 1
}
