/** Installs the client package as its users do: packed into a tarball and installed into a temporary folder, offline. */
import { execFile, execFileSync } from 'node:child_process'
import {
  accessSync,
  constants,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = resolve(import.meta.dirname, '../..')

export interface ClientPackage {
  /** The application's folder: programs in it can `import … from '@keyhouse/client'`. */
  readonly folder: string
  /** The folder of the installed package. */
  readonly directory: string
  /** Imports a specifier such as `@keyhouse/client/documents` as a program in that folder does. */
  load<Module>(specifier: string): Promise<Module>
  /** Links packages of this repository into the application's node_modules. */
  beside(...names: string[]): void
  /** Copies a file of `client/test` into the folder; returns its path. */
  bring(file: string): string
  remove(): void
}

/** Packs the built client into a temporary folder. */
export async function packClient(): Promise<{ folder: string; file: string; remove: () => void }> {
  const folder = mkdtempSync(join(tmpdir(), 'keyhouse-client-'))
  await run('npm', ['pack', './client', '--pack-destination', folder], { cwd: root })
  const [name] = readdirSync(folder)
  return { folder, file: join(folder, name!), remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/** Runs `npm pack` and `npm install --offline`, which fail if the tarball is incomplete or needs a registry. */
export async function installClient(): Promise<ClientPackage> {
  const { folder, file, remove } = await packClient()
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'application', private: true, type: 'module' }))
  await run('npm', ['install', '--offline', '--no-audit', '--ignore-scripts', '--cache', join(folder, '.npm'), file], { cwd: folder })
  const require = createRequire(join(folder, 'package.json'))
  return {
    folder,
    directory: join(folder, 'node_modules/@keyhouse/client'),
    load: <Module>(specifier: string) => import(pathToFileURL(require.resolve(specifier)).href) as Promise<Module>,
    beside(...names) {
      for (const name of names) {
        const link = join(folder, 'node_modules', name)
        mkdirSync(dirname(link), { recursive: true })
        symlinkSync(realpathSync(join(root, 'node_modules', name)), link)
      }
    },
    bring(name) {
      const target = join(folder, name)
      cpSync(join(root, 'client/test', name), target)
      return target
    },
    remove,
  }
}

/** The oldest supported major version of Node. */
export const oldestNode = 20

const majorOf = (node: string): number => Number(execFileSync(node, ['-p', 'process.versions.node.split(".")[0]'], { encoding: 'utf8' }))

/** Paths of all supported Node versions on this machine: the current one and those in PATH, except in node_modules. */
export function nodes(): string[] {
  const outside = (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((directory) => directory !== '' && !directory.includes('node_modules'))
    .map((directory) => join(directory, 'node'))
    .filter((file) => {
      try {
        accessSync(file, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
  const found = new Set([process.execPath, ...outside].map((file) => realpathSync(file)))
  return [...found].filter((node) => majorOf(node) >= oldestNode)
}

/** Runs a program in its own folder; returns its stdout. @throws Error with its stderr if it fails */
export async function runNode(node: string, file: string, env: Record<string, string> = {}): Promise<string> {
  const { stdout } = await run(node, [file], { cwd: dirname(file), env: { ...process.env, ...env } })
  return stdout
}

/** Compiles the folder's project; returns the compiler's errors, or an empty string. */
export async function typeCheck(folder: string): Promise<string> {
  try {
    await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', '.'], { cwd: folder })
    return ''
  } catch (error) {
    return String((error as { stdout?: string }).stdout)
  }
}
