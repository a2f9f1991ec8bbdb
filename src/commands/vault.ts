/** `keyhouse vault status | reseal`: reports and rotates the master keys that seal stored values. */
import type { Command } from 'commander'

import { readConfig, type Config } from '../config/config.js'
import { migrate, createDatabase } from '../database/database.js'
import { isNewDatabase, loadMasterKeys } from '../encryption/master-keys.js'
import { reseal, type ResealResult } from '../encryption/reseal.js'
import { type VaultStatus, getVaultStatus } from '../encryption/vault-status.js'
import { CommandError } from './command-error.js'
import { addExample, jsonOption, printResult, type OutputOptions, type WithServices } from './definition.js'
import { formatColumns } from './output.js'
import { reportTo } from './progress.js'

function formatStatus({ newest, configured, missing, sealed }: VaultStatus): string {
  const rows = sealed.map(({ what, keyId, rows: count }) => `  ${what} under ${keyId}: ${count}`)
  return [
    `Encrypting with: ${newest}`,
    `Configured: ${configured.join(', ')}`,
    ...(missing.length > 0 ? [`Missing: ${missing.join(', ')}`] : []),
    ...(rows.length > 0 ? ['Sealed:', ...rows] : ['There are no encrypted values yet.']),
  ].join('\n')
}

const formatReseal = ({ newest, resealed, overtaken, failed, remaining }: ResealResult): string =>
  formatColumns([
    ['Encrypting with', newest],
    ['Re-encrypted', String(resealed)],
    ['Changed concurrently', String(overtaken)],
    ['Cannot be decrypted', failed.length === 0 ? 'none' : failed.join(', ')],
    ['Remaining', String(remaining)],
  ])

export function addVaultCommands(program: Command, withServices: WithServices): void {
  const vault = program.command('vault').description('report and rotate the master keys that seal stored values')

  const status = vault
    .command('status')
    .description('count the sealed values of each master key, without opening any')
    .option(...jsonOption)
    .action(async (options: OutputOptions) => printResult(options, await readVaultStatus(readConfig()), formatStatus))
  addExample(status, 'vault status')

  const resealing = vault
    .command('reseal')
    .description('seal every value with the first master key; works beside the server, and resumes after an interruption')
    .option(...jsonOption)
    .action(async (options: OutputOptions) => {
      const done = await withServices(({ orm, masterKeys }) => reseal(orm, masterKeys, reportTo(process.stderr)))
      printResult(options, done, formatReseal)
      if (done.remaining > 0) {
        throw new CommandError(
          `${done.remaining} values are not encrypted with "${done.newest}". Keep the older keys, see above for values that cannot be decrypted, and run the command again once every process has the new key first.`,
        )
      }
    })
  addExample(resealing, 'vault reseal')
}

async function readVaultStatus(config: Config): Promise<VaultStatus> {
  const orm = await createDatabase(config)
  try {
    await migrate(orm, config)
    const [first, ...rest] = loadMasterKeys(config, await isNewDatabase(orm))
    return await getVaultStatus(orm, [first.id, ...rest.map(({ id }) => id)])
  } finally {
    await orm.close(true)
  }
}
