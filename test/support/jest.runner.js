// Jest runner on Node's module loader: `src` and packages load once for each worker, `test` once for each test file.
import { existsSync } from 'node:fs'
import { createRequire, registerHooks } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'

import jestCircus from 'jest-circus/runner'

const require = createRequire(import.meta.url)
const root = new URL('../../', import.meta.url).href
const isOwn = (url) => url?.startsWith(root) && !url.includes('/node_modules/')
const syntax = { supportsDynamicImport: true, supportsExportNamespaceFrom: true, supportsStaticESM: true, supportsTopLevelAwait: true }

/** Properties of `globalThis` in which jest-circus keeps the state of one test file. */
const circusState = new Set(['JEST_STATE_SYMBOL', 'EVENT_HANDLERS'])

/** Of the test file that runs: its Jest runtime, and the folder whose modules load anew for it. */
let current
let count = 0

registerHooks({
  resolve(specifier, context, next) {
    if (!isOwn(context.parentURL)) return next(specifier, context)
    const isGlobals = specifier === '@jest/globals'
    if (!isGlobals && !specifier.startsWith('.')) return next(specifier, context)
    const url = new URL(isGlobals ? 'test/support/jest.globals.js' : specifier, isGlobals ? root : context.parentURL)
    if (!existsSync(url)) url.pathname = url.pathname.replace(/\.js$/, '.ts')
    // The query of the test file: a module is loaded once for each URL.
    if (url.href.startsWith(current.freshFolder)) url.search = new URL(context.parentURL).search
    return next(url.href, context)
  },
  load(url, context, next) {
    if (!isOwn(url) || !new URL(url).pathname.endsWith('.ts')) return next(url, context)
    const { runtime } = current
    const path = fileURLToPath(url)
    const source = runtime.transformCache.transform(path, syntax)
    runtime.getSourceMaps().set(url, runtime.getSourceMaps().get(path))
    return { format: 'module', source, shortCircuit: true }
  },
})

export default function run(globalConfig, config, environment, runtime, testPath, sendMessageToJest) {
  // Coverage counts what each test file loads, and a watched source may have changed.
  const isSourceFresh = globalConfig.collectCoverage || globalConfig.watch || globalConfig.watchAll
  current = { runtime, freshFolder: isSourceFresh ? root : `${root}test/` }
  globalThis.jest = runtime.jestGlobals.jestObjectFor(testPath)
  runtime.requireInternalModule = (path) => {
    delete require.cache[path]
    for (const symbol of Object.getOwnPropertySymbols(globalThis)) {
      if (circusState.has(symbol.description)) delete globalThis[symbol]
    }
    return require(path)
  }
  // Jest says no without --experimental-vm-modules, which only its own loader needs.
  runtime.unstable_shouldLoadAsEsm = () => true
  runtime.unstable_importModule = (path) => import(`${pathToFileURL(path).href}?${++count}`)
  return jestCircus.default(globalConfig, config, environment, runtime, testPath, sendMessageToJest)
}
