/** Command line. Each command prints its result, with `--json` for programs; on failure it prints one sentence and exits non-zero. */
import { styleText } from 'node:util'

import { Command } from 'commander'

import { addApiKeyCommands } from './commands/api-key.js'
import { addAuditCommands } from './commands/audit.js'
import { addBackupCommand } from './commands/backup.js'
import { addExample, addSection } from './commands/definition.js'
import { describeError } from './commands/describe-error.js'
import { addOrganizationCommands } from './commands/organization.js'
import { addSignInCommand } from './commands/sign-in.js'
import { addSigningKeyCommands } from './commands/signing-key.js'
import { addVaultCommands } from './commands/vault.js'
import { readConfig } from './config/config.js'
import type { Services } from './context/services.js'
import { version } from './lib/version.js'
import { openServices } from './open-services.js'

/** Runs the work with open services, and closes them. Logging is off, since stdout carries the result. */
async function run<T>(followServer: boolean, work: (services: Services) => Promise<T>): Promise<T> {
  const { services, close } = await openServices({ ...readConfig(), logLevel: 'silent' }, { followServer })
  try {
    return await work(services)
  } finally {
    await close()
  }
}

const withServices = <T>(work: (services: Services) => Promise<T>): Promise<T> => run(true, work)

// Commander strips the styles unless the stream is a terminal, and always with NO_COLOR.
const style = (format: Parameters<typeof styleText>[0]) => (text: string) => styleText(format, text, { validateStream: false })

const program = new Command('keyhouse')
  .description('API keys, token exchange, and a vault for MCP credentials. Environment variables and .env configure it: see README.md.')
  .version(version)
  .configureHelp({ styleTitle: style('bold'), styleSubcommandTerm: style('cyan'), styleOptionTerm: style('cyan') })
  .showHelpAfterError('Run the command with --help for its arguments and an example.')

program.commandsGroup('Server and database:')
const starting = program
  .command('start')
  .description('start the server, after bringing the database up to date')
  .action(async () => {
    const { start } = await import('./main.js')
    await start(readConfig())
  })
addExample(starting, 'start')
const migrating = program
  .command('migrate')
  .description('bring the database up to date, and exit')
  .action(() => run(false, () => Promise.resolve(console.log('The database is up to date.'))))
addExample(migrating, 'migrate')
addBackupCommand(program)

program.commandsGroup('Organizations and access:')
addOrganizationCommands(program, withServices)
addSignInCommand(program, withServices)
addApiKeyCommands(program, withServices)

program.commandsGroup('Keys and audit trail:')
addSigningKeyCommands(program, withServices)
addVaultCommands(program, withServices)
addAuditCommands(program, withServices)

program.commandsGroup('Help:').helpCommand(true)
addSection(program, 'Examples:', [
  'npx keyhouse organization create --name Acme --email ada@example.com',
  'npx keyhouse api-key create --label CI --permissions agent:read',
  'npx keyhouse backup /backups/keyhouse.db',
])
addSection(program, 'Exit codes:', [
  '0  success',
  '1  failure: stderr says why, and what to do',
  '3  audit verify: the chain is whole, but the signature of its checkpoint was not checked',
])

try {
  await program.parseAsync()
} catch (error) {
  const description = describeError(error)
  const hasColors = program.configureOutput().getErrHasColors?.() === true
  console.error(description === undefined ? error : hasColors ? style('red')(description) : description)
  process.exitCode = 1
}
