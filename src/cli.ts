/** The command line. Each command prints its answer, with `--json` for programs, and exits non-zero with one sentence when it cannot. */
import { readFileSync } from 'node:fs'

import { Command, Option } from 'commander'

import { openServices } from './app.js'
import { createKeyByCommand, type ApiKeyOptions } from './commands/api-key-create.js'
import { CommandError } from './commands/command-error.js'
import { bootstrapOrganization } from './commands/organization-create.js'
import { signInByEmail } from './commands/sign-in.js'
import { ConfigError, readConfig } from './config.js'
import type { Services } from './context.js'
import { DomainError } from './errors.js'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

/** Opens the database, does the work, and closes it; logs go nowhere, since stdout is the answer. */
async function withServices<T>(work: (app: Services) => Promise<T>): Promise<T> {
  const { services, close } = await openServices({ ...readConfig(), logLevel: 'silent' })
  try {
    return await work(services)
  } finally {
    await close()
  }
}

function print(answer: object, asJson: boolean | undefined): void {
  if (asJson) return console.log(JSON.stringify(answer))
  for (const [name, value] of Object.entries(answer)) console.log(`${name}: ${String(value)}`)
}

const program = new Command('keyhouse').description('API keys, token exchange, and a vault for MCP credentials.').version(version)

program
  .command('start')
  .description('serve (the environment configures it; see README)')
  .action(async () => {
    const { start } = await import('./main.js')
    await start(readConfig())
  })

program
  .command('migrate')
  .description('bring the database up to date')
  .action(() => withServices(() => Promise.resolve(console.log('The database is up to date.'))))

program
  .command('organization')
  .description('organizations')
  .command('create')
  .description('make an organization with a project, a sandbox key and an admin')
  .requiredOption('--name <name>', 'what its people call it')
  .requiredOption('--email <address>', "the first admin's e-mail address")
  .option('--json', 'print JSON')
  .action(async ({ json, ...options }: { name: string; email: string; json?: boolean }) => {
    print(await withServices((app) => bootstrapOrganization(app, options)), json)
  })

program
  .command('sign-in')
  .description('print a sign-in token: 15 minutes, once')
  .requiredOption('--email <address>', "the member's e-mail address")
  .option('--organization <id>', 'which organization, when the address is known in several')
  .option('--json', 'print JSON')
  .action(async ({ email, organization, json }: { email: string; organization?: string; json?: boolean }) => {
    print(await withServices((app) => signInByEmail(app, email, organization)), json)
  })

program
  .command('api-key')
  .description('API keys')
  .command('create')
  .description('make an API key: the way back in')
  .option('--organization <id>', 'which organization, when there are several')
  .option('--project <id>', 'which project; the first when left out')
  .addOption(new Option('--environment <environment>', 'where it works').choices(['SANDBOX', 'PRODUCTION']).default('SANDBOX'))
  .option('--label <text>', 'what its people call it')
  .option('--permissions <list...>', 'what it may do', ['*'])
  .option('--json', 'print JSON')
  .action(async ({ json, ...options }: ApiKeyOptions & { json?: boolean }) => {
    print(await withServices((app) => createKeyByCommand(app, options)), json)
  })

try {
  await program.parseAsync()
} catch (error) {
  const isExpected = error instanceof CommandError || error instanceof ConfigError || error instanceof DomainError
  console.error(isExpected ? error.message : error)
  process.exitCode = 1
}
