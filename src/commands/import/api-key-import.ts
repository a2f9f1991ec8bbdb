/** `keyhouse api-key import`: imports the keys of another store from a file, any number of them. */
import { Option, type Command } from 'commander'

import { importApiKeys, type ImportResult } from '../../api-keys/import-api-keys.js'
import type { ImportedKey } from '../../api-keys/imported-key.js'
import { systemContext } from '../../context/context.js'
import type { Services } from '../../context/services.js'
import type { Environment } from '../../entities/enums.js'
import { CommandError } from '../command-error.js'
import { addExample, jsonOption, printResult, type OutputOptions, type WithServices } from '../definition.js'
import { findSoleOrganization } from '../find-organization.js'
import { formatColumns } from '../output.js'
import { reportTo, type ProgressStream } from '../progress.js'
import { toImportedKey } from './foreign-key.js'
import { readRecords } from './read-records.js'

/** Keys of one transaction and one audit event. */
const batchSize = 500

export interface ImportOptions {
  readonly organization?: string
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

/** @throws CommandError or DomainError */
export async function importFile(
  services: Services,
  file: string,
  { organization, project, environment, permissions = [], rateLimits }: ImportOptions,
  progress: ProgressStream = process.stderr,
): Promise<ImportReport> {
  const importer = new Importer(services, await findSoleOrganization(services, organization), project)
  const report = progress.isTTY ? reportTo(progress) : undefined
  for await (const { line, fields } of readRecords(file, (done, total) => report?.('bytes', done, total))) {
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

const formatReport = ({ imported, unchanged, refused }: ImportReport): string =>
  [
    formatColumns([
      ['Imported', String(imported)],
      ['Unchanged', String(unchanged)],
      ['Refused', String(refused.length)],
    ]),
    ...(refused.length > 0 ? ['', ...refused.map(({ line, reason }) => `Line ${line}: ${reason}`)] : []),
  ].join('\n')

export function addApiKeyImport(group: Command, withServices: WithServices): void {
  const command = group
    .command('import')
    .description('import the keys of Unkey, better-auth or another store by their SHA-256 digests; a second run changes nothing')
    .argument('<file>', 'NDJSON or CSV file, one key a record')
    .option('--organization <id>', 'id of the organization; required when there are several')
    .option('--project <id>', 'id of the project; the default is the first one')
    .addOption(
      new Option('--environment <environment>', 'environment of keys whose record names none')
        .choices(['SANDBOX', 'PRODUCTION'])
        .makeOptionMandatory(),
    )
    .option('--permissions <list...>', 'permissions of keys whose record names none; the default is none', [])
    .option('--no-rate-limits', 'leave out the rate limits of the records')
    .option(...jsonOption)
    .action(async (file: string, options: ImportOptions & OutputOptions) => {
      const report = await withServices((services) => importFile(services, file, options))
      printResult(options, report, formatReport)
      const count = report.refused.length
      if (count > 0) throw new CommandError(`Refused keys: ${count}. Correct or remove the lines above, and run the import again.`)
    })
  addExample(command, 'api-key import keys.ndjson --environment PRODUCTION')
}
