/** `keyhouse vault status | reseal`: reports and rotates the master keys that seal stored values. */
import type { Command } from 'commander'

import { readConfig, type Config } from '../config/config.js'
import type { Services } from '../context/services.js'
import { migrate, createDatabase } from '../database/database.js'
import { isNewDatabase, loadMasterKeys } from '../encryption/master-keys.js'
import { reseal, type Report, type ResealResult } from '../encryption/reseal.js'
import { type VaultStatus, getVaultStatus } from '../encryption/vault-status.js'
import { CommandError } from './command-error.js'
import { formatColumns } from './output.js'

const barWidth = 30

/** Progress bar on a terminal, else one line a page. The caller passes stderr, since stdout carries the result. */
export function reportTo(stream: Pick<NodeJS.WriteStream, 'isTTY' | 'write'>): Report {
  if (!stream.isTTY) return (what, done, total) => void stream.write(`${what}: ${done} of ${total}\n`)
  return (what, done, total) => {
    const filled = Math.round((barWidth * done) / total)
    const bar = '#'.repeat(filled).padEnd(barWidth, '.')
    stream.write(`\r[${bar}] ${done} of ${total} ${what}\u001B[K${done === total ? '\n' : ''}`)
  }
}

function formatStatus({ newest, configured, missing, sealed }: VaultStatus): string {
  const rows = sealed.map(({ what, keyId, rows: count }) => `  ${what} under ${keyId}: ${count}`)
  return [
    `Encrypting with: ${newest}`,
    `Configured: ${configured.join(', ')}`,
    ...(missing.length > 0 ? [`Missing: ${missing.join(', ')}`] : []),
    ...(rows.length > 0 ? ['Sealed:', ...rows] : ['There are no encrypted values yet.']),
  ].join('\n')
}

const formatReseal = ({ newest, resealed, conflicted, failed, remaining }: ResealResult): string =>
  formatColumns([
    ['Encrypting with', newest],
    ['Re-encrypted', String(resealed)],
    ['Changed concurrently', String(conflicted)],
    ['Cannot be decrypted', failed.length === 0 ? 'none' : failed.join(', ')],
    ['Remaining', String(remaining)],
  ])

export function addVaultCommands(program: Command, withServices: <T>(work: (services: Services) => Promise<T>) => Promise<T>): void {
  const vault = program.command('vault').description('the master keys, and what is sealed under them')

  vault
    .command('status')
    .description('what is sealed under which master key')
    .option('--json', 'print JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const status = await printVaultStatus(readConfig())
      console.log(json ? JSON.stringify(status) : formatStatus(status))
    })

  vault
    .command('reseal')
    .description('move everything sealed to the first master key; may run beside the server, and again after it was stopped')
    .option('--json', 'print JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const done = await withServices(({ orm, masterKeys }) => reseal(orm, masterKeys, reportTo(process.stderr)))
      console.log(json ? JSON.stringify(done) : formatReseal(done))
      if (done.remaining > 0) {
        throw new CommandError(
          `${done.remaining} values are not encrypted with "${done.newest}". Keep the older keys, see above for values that cannot be decrypted, and run the command again once every process has the new key first.`,
        )
      }
    })
}

export async function printVaultStatus(config: Config): Promise<VaultStatus> {
  const orm = await createDatabase(config)
  try {
    await migrate(orm, config)
    const [first, ...rest] = loadMasterKeys(config, await isNewDatabase(orm))
    return await getVaultStatus(orm, [first.id, ...rest.map(({ id }) => id)])
  } finally {
    await orm.close(true)
  }
}
