/** `keyhouse organization delete`: suspends an organization, archives its audit trail to a file, and deletes all of its rows. */
import { createReadStream, existsSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline/promises'

import { BrokenChainError, exportTrail } from '../audit/export-trail.js'
import { getChainHead } from '../audit/read-trail.js'
import { splitLines } from '../audit/split-lines.js'
import { verifyExport } from '../audit/verify-trail.js'
import { systemContext } from '../context/context.js'
import type { Services } from '../context/services.js'
import { findOrganizations } from '../database/unscoped-queries.js'
import { deleteOrganization, startDeletion } from '../organizations/delete-organization.js'
import { requestDeletion } from '../organizations/request-deletion.js'
import { getAuditJwks } from '../signing-keys/jwks.js'
import { CommandError } from './command-error.js'
import { showCount } from './progress.js'

export interface DeletionOptions {
  /** File for the audit trail. */
  readonly archive: string
  /** Name of the organization; undefined asks on the terminal. */
  readonly confirm?: string
}

export interface DeletedOrganization {
  readonly organizationId: string
  readonly name: string
  /** Absolute path. */
  readonly archive: string
}

/** Continues a deletion that was interrupted. @throws CommandError before anything is changed, or while the chain is broken */
export async function deleteById(services: Services, id: string, { archive, confirm }: DeletionOptions): Promise<DeletedOrganization> {
  const [organization] = await findOrganizations(services.orm, id)
  if (!organization) throw new CommandError(`No organization has the id ${JSON.stringify(id)}. See "keyhouse organization list".`)
  const { name } = organization
  const file = resolve(archive)
  if ((confirm ?? (await askForName(name))) !== name)
    throw new CommandError(`That is not the name of ${id}, so nothing was changed. Repeat the command with its exact name.`)
  if (organization.trailArchivedAt === null) {
    await assertUsable(services, id, file)
    if (organization.deletionRequestedAt === null) await requestDeletion(systemContext(services, id))
    await archiveAndStart(services, id, file)
  }
  await deleteOrganization(services, id)
  return { organizationId: id, name, archive: file }
}

async function askForName(name: string): Promise<string> {
  if (!process.stdin.isTTY)
    throw new CommandError('This deletes an organization for good. Add --confirm with its name, or run the command on a terminal.')
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return await terminal.question(`This deletes ${JSON.stringify(name)} for good. Type its name: `)
  } finally {
    terminal.close()
  }
}

/** Number of events if the file is a complete, signed export of the organization; otherwise undefined. */
async function countArchived(services: Services, id: string, file: string): Promise<number | undefined> {
  const input = createReadStream(file, 'utf8')
  try {
    const result = await verifyExport(splitLines(input), await getAuditJwks(services))
    return 'events' in result && result.organization === id ? result.events : undefined
  } finally {
    input.destroy()
  }
}

/** An existing file must be the archive that an interrupted run has completed. */
async function assertUsable(services: Services, id: string, file: string): Promise<void> {
  if (!existsSync(file)) return
  const { seq } = await getChainHead(services, id)
  if ((await countArchived(services, id, file)) !== seq) throw new CommandError(`${file} exists already. Name a new file for --archive.`)
}

/** Repeats the export until no event was appended meanwhile. */
async function archiveAndStart(services: Services, id: string, file: string): Promise<void> {
  for (;;) {
    if (!existsSync(file)) await writeArchive(services, id, file)
    const archived = await countArchived(services, id, file)
    if (archived === undefined)
      throw new CommandError(`${file} is not a complete export. Nothing was deleted: name a new file for --archive.`)
    const started = await startDeletion(services, id, archived)
    if (started) return
    if (started === undefined) throw new CommandError(`The organization ${id} was resumed meanwhile. Nothing was deleted.`)
    await writeArchive(services, id, file)
  }
}

/** Writes beside the file and renames, so that the file is complete whenever it exists. */
async function writeArchive(services: Services, id: string, file: string): Promise<void> {
  const partial = `${file}.partial`
  try {
    const handle = await open(partial, 'w', 0o600)
    try {
      for await (const line of showCount(exportTrail(services, id), 'events', process.stderr)) await handle.write(`${line}\n`)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(partial, file)
  } catch (error) {
    if (error instanceof BrokenChainError) throw new CommandError(`${error.message} Nothing was deleted.`)
    const code: unknown = Reflect.get(Object(error), 'code')
    if (Reflect.get(Object(error), 'syscall') === 'open' || code === 'ENOSPC')
      throw new CommandError(`${file} cannot be written (${String(code)}). Nothing was deleted.`)
    throw error
  }
}
