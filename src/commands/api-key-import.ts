/** `keyhouse api-key import`: imports the keys of another store from a file, any number of them. */
import { statSync } from 'node:fs'

import { importApiKeys, type ImportResult } from '../api-keys/import-api-keys.js'
import type { ImportedKey } from '../api-keys/imported-key.js'
import { systemContext } from '../context/context.js'
import type { Services } from '../context/services.js'
import type { Environment } from '../entities/enums.js'
import { CommandError } from './command-error.js'
import { toImportedKey } from './foreign-key.js'
import { readRecords } from './read-records.js'

/** Keys of one transaction and one audit event. */
const batchSize = 500

export interface ImportOptions {
  readonly project?: string
  readonly environment: Environment
  readonly permissions?: readonly string[]
  readonly rateLimits: boolean
}

export interface RefusedRecord {
  readonly line: number
  readonly reason: string
}

export interface ImportReport {
  readonly imported: number
  readonly unchanged: number
  readonly refused: readonly RefusedRecord[]
}

interface Pending {
  readonly line: number
  readonly key: ImportedKey
}

/** Imports in batches, each in a transaction of its own, so that a run after an interruption goes on. */
class Importer {
  imported = 0
  unchanged = 0
  readonly refused: RefusedRecord[] = []
  readonly #batches: Record<Environment, Pending[]> = { SANDBOX: [], PRODUCTION: [] }

  constructor(
    private readonly services: Services,
    private readonly organizationId: string,
    private readonly projectId: string | undefined,
  ) {}

  async add(environment: Environment, pending: Pending): Promise<void> {
    const batch = this.#batches[environment]
    batch.push(pending)
    if (batch.length === batchSize) await this.#importBatch(environment)
  }

  async end(): Promise<ImportReport> {
    for (const environment of ['SANDBOX', 'PRODUCTION'] as const) await this.#importBatch(environment)
    const { imported, unchanged, refused } = this
    return { imported, unchanged, refused: refused.toSorted((a, b) => a.line - b.line) }
  }

  async #importBatch(environment: Environment): Promise<void> {
    const batch = this.#batches[environment].splice(0)
    if (batch.length === 0) return
    const input = { environment, projectId: this.projectId, keys: batch.map(({ key }) => key) }
    const { results } = await importApiKeys(systemContext(this.services, this.organizationId), input, batchSize)
    for (const [i, result] of results.entries()) this.#count(result, batch[i]!.line)
  }

  #count({ outcome, errors }: ImportResult, line: number): void {
    if (outcome === 'IMPORTED') this.imported++
    else if (outcome === 'UNCHANGED') this.unchanged++
    else this.refused.push({ line, reason: errors.map(({ message }) => message).join(' ') })
  }
}

/** @throws CommandError */
function fileSize(file: string): number {
  try {
    return statSync(file).size
  } catch (error) {
    throw new CommandError(`The file cannot be read (${String(Reflect.get(Object(error), 'code'))}). Check its path and its permissions.`)
  }
}

/** @param onProgress bytes of the file that were imported, and all of them @throws CommandError or DomainError */
export async function importFile(
  services: Services,
  organizationId: string,
  file: string,
  { project, environment, permissions = [], rateLimits }: ImportOptions,
  onProgress: (done: number, total: number) => void,
): Promise<ImportReport> {
  const size = fileSize(file)
  const importer = new Importer(services, organizationId, project)
  let read = 0
  for await (const { line, fields } of readRecords(file, (bytes) => onProgress((read += bytes), size))) {
    try {
      const { environment: own, ...key } = toImportedKey(fields, { environment, permissions, rateLimits })
      await importer.add(own, { line, key })
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      importer.refused.push({ line, reason: error.message })
    }
  }
  return importer.end()
}
