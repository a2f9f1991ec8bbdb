/** Command line. Each command prints its result, with `--json` for programs; on failure it prints one sentence and exits non-zero. */
import { Command, Option } from 'commander'

import { createKey, type ApiKeyOptions } from './commands/api-key-create.js'
import { exportAuditTrail } from './commands/audit-export.js'
import { signatureNotChecked, verifyAll, verifyFile } from './commands/audit-verify.js'
import { backup } from './commands/backup.js'
import { CommandError } from './commands/command-error.js'
import { describeError } from './commands/describe-error.js'
import { bootstrapOrganization } from './commands/organization-create.js'
import { listAllOrganizations, resume, suspend } from './commands/organization-suspension.js'
import {
  formatApiKey,
  formatBackup,
  formatOrganizationList,
  formatOrganization,
  formatSuspension,
  formatRetirement,
  formatRotation,
  formatSignIn,
} from './commands/output.js'
import { signInByEmail } from './commands/sign-in.js'
import { retireKey, rotateKeys } from './commands/signing-key.js'
import { addVaultCommands } from './commands/vault.js'
import { readConfig } from './config/config.js'
import type { Services } from './context/services.js'
import { version } from './lib/version.js'
import { openServices } from './open-services.js'

interface OutputOptions {
  readonly json?: boolean
}

interface VerifyOptions {
  readonly jwks?: string
  readonly hashesOnly?: boolean
  readonly database?: boolean
}

/** Runs the work with open services, and closes them. Logging is off, since stdout carries the result. */
async function withServices<T>(work: (services: Services) => Promise<T>): Promise<T> {
  const { services, close } = await openServices({ ...readConfig(), logLevel: 'silent' })
  try {
    return await work(services)
  } finally {
    await close()
  }
}

/** Prints the result as JSON or as text. */
const printResult = <T extends object>(
  options: OutputOptions,
  work: (services: Services) => Promise<T>,
  format: (result: T, url: string) => string,
): Promise<void> =>
  withServices(async (services) => {
    const result = await work(services)
    console.log(options.json ? JSON.stringify(result) : format(result, `${services.config.url}/graphql`))
  })

const program = new Command('keyhouse')
  .description('API keys, token exchange, and a vault for MCP credentials. Configured by the environment and by .env; see README.md.')
  .version(version)

program
  .command('start')
  .description('serve; the environment configures it')
  .action(async () => {
    const { start } = await import('./main.js')
    await start(readConfig())
  })

program
  .command('migrate')
  .description('bring the database up to date')
  .action(() => withServices(() => Promise.resolve(console.log('The database is up to date.'))))

program
  .command('backup')
  .description('copy the SQLite database, whole, beside a running server')
  .argument('<file>', 'where to; it must not be there yet')
  .option('--json', 'print JSON')
  .action(async (file: string, { json }: OutputOptions) => {
    const result = await backup(readConfig(), file)
    console.log(json ? JSON.stringify(result) : formatBackup(result))
  })

const organizations = program.command('organization').description('organizations')

organizations
  .command('list')
  .description('list every organization, oldest first')
  .option('--json', 'print JSON')
  .action((options: OutputOptions) => printResult(options, listAllOrganizations, formatOrganizationList))

organizations
  .command('suspend')
  .description('refuse every credential of an organization at once, until it is resumed')
  .argument('<id>', 'which organization')
  .option('--json', 'print JSON')
  .action((id: string, options: OutputOptions) => printResult(options, (services) => suspend(services, id), formatSuspension))

organizations
  .command('resume')
  .description('let the credentials of a suspended organization work again')
  .argument('<id>', 'which organization')
  .option('--json', 'print JSON')
  .action((id: string, options: OutputOptions) => printResult(options, (services) => resume(services, id), formatSuspension))

organizations
  .command('create')
  .description('make an organization with a project, a sandbox key and an admin')
  .requiredOption('--name <name>', 'what its people call it')
  .requiredOption('--email <address>', "the first admin's e-mail address")
  .option('--json', 'print JSON')
  .action((options: { name: string; email: string } & OutputOptions) =>
    printResult(options, (services) => bootstrapOrganization(services, options), formatOrganization),
  )

program
  .command('sign-in')
  .description('print a sign-in token: 15 minutes, once')
  .requiredOption('--email <address>', "the member's e-mail address")
  .option('--organization <id>', 'which organization, when the address is known in several')
  .option('--json', 'print JSON')
  .action((options: { email: string; organization?: string } & OutputOptions) =>
    printResult(options, (services) => signInByEmail(services, options.email, options.organization), formatSignIn),
  )

program
  .command('api-key')
  .description('API keys')
  .command('create')
  .description('make an API key: the way back in')
  .option('--organization <id>', 'which organization, when there are several')
  .option('--project <id>', 'which project; the first when left out')
  .addOption(new Option('--environment <environment>', 'where it works').choices(['SANDBOX', 'PRODUCTION']).default('SANDBOX'))
  .option('--label <text>', 'what its people call it')
  .option('--permissions <list...>', 'what it may do, such as agent:read; everything that a key may when left out', ['*'])
  .option('--json', 'print JSON')
  .action((options: ApiKeyOptions & OutputOptions) => printResult(options, (services) => createKey(services, options), formatApiKey))

const signingKey = program.command('signing-key').description('the keys that sign tokens')

signingKey
  .command('rotate')
  .description('let the next key sign from now on; what the last one signed stays good')
  .option('--json', 'print JSON')
  .action((options: OutputOptions) => printResult(options, rotateKeys, formatRotation))

signingKey
  .command('retire')
  .description('withdraw a key at once, with every token that it signed')
  .argument('<kid>', 'which key')
  .option('--json', 'print JSON')
  .action((kid: string, options: OutputOptions) => printResult(options, (services) => retireKey(services, kid), formatRetirement))

const audit = program.command('audit').description('the audit trail')

audit
  .command('export')
  .description('print the trail of an organization as lines of JSON, ended by a signed checkpoint')
  .requiredOption('--organization <id>', 'which organization')
  .action(({ organization }: { organization: string }) =>
    withServices((services) => exportAuditTrail(services, organization, process.stdout)),
  )

audit
  .command('verify')
  .description('prove that no event was changed, removed, inserted or moved')
  .argument('[file]', 'an exported trail; neither server nor database is needed')
  .option('--jwks <source>', 'the key set that the checkpoint must be signed with: a file, or the URL of /.well-known/audit-jwks.json')
  .option('--hashes-only', 'accept a checkpoint whose signature was not checked')
  .option('--database', 'the trails in the database instead of a file')
  .addHelpText(
    'after',
    `
Exit codes:
  0  proven: a file with --jwks, the hashes of a file with --hashes-only, or --database
  1  broken, or not readable
  3  the chain of the file is whole, but the signature of its checkpoint was not checked`,
  )
  .action(async (file: string | undefined, { jwks, hashesOnly, database }: VerifyOptions) => {
    if ((file === undefined) === !database) throw new CommandError('Name a file, or use --database.')
    if (database && (jwks !== undefined || hashesOnly))
      throw new CommandError('--jwks and --hashes-only are for a file. Omit them with --database.')
    if (jwks !== undefined && hashesOnly) throw new CommandError('--jwks and --hashes-only exclude each other. Use one of them.')
    if (file === undefined) for (const line of await withServices(verifyAll)) console.log(line)
    else {
      console.log(await verifyFile(file, jwks))
      if (jwks === undefined && !hashesOnly) process.exitCode = signatureNotChecked
    }
  })

addVaultCommands(program, withServices)

try {
  await program.parseAsync()
} catch (error) {
  console.error(describeError(error) ?? error)
  process.exitCode = 1
}
