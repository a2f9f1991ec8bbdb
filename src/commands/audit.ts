/** `keyhouse audit`: definitions of its commands. */
import type { Command } from 'commander'

import { exportAuditTrail } from './audit-export.js'
import { signatureNotChecked, verifyAll, verifyFile } from './audit-verify.js'
import { CommandError } from './command-error.js'
import { addExample, addSection, type WithServices } from './definition.js'

interface VerifyOptions {
  readonly jwks?: string
  readonly hashesOnly?: boolean
  readonly database?: boolean
}

export function addAuditCommands(program: Command, withServices: WithServices): void {
  const audit = program.command('audit').description('export and verify the audit trail')

  const exporting = audit
    .command('export')
    .description('print the audit trail of an organization as JSON lines, ended by a signed checkpoint')
    .requiredOption('--organization <id>', 'id of the organization')
    .action(({ organization }: { organization: string }) =>
      withServices((services) => exportAuditTrail(services, organization, process.stdout)),
    )
  addExample(exporting, 'audit export --organization org_… > trail.jsonl')

  const verifying = audit
    .command('verify')
    .description('prove that no event was changed, removed, inserted or moved')
    .argument('[file]', 'exported trail; neither server nor database is needed')
    .option('--jwks <source>', 'key set for the signature of the checkpoint: a file, or the URL of /.well-known/audit-jwks.json')
    .option('--hashes-only', 'accept a checkpoint whose signature is not checked')
    .option('--database', 'verify the trails in the database instead of a file')
    .action((file: string | undefined, options: VerifyOptions) => verify(withServices, file, options))
  addExample(verifying, 'audit verify trail.jsonl --jwks https://keys.example.com/.well-known/audit-jwks.json')
  addSection(verifying, 'Exit codes:', [
    '0  proven: a file with --jwks, the hashes of a file with --hashes-only, or --database',
    '1  broken, or not readable',
    '3  the chain of the file is whole, but the signature of its checkpoint was not checked',
  ])
}

async function verify(withServices: WithServices, file: string | undefined, { jwks, hashesOnly, database }: VerifyOptions): Promise<void> {
  if ((file === undefined) === !database) throw new CommandError('Name a file, or use --database.')
  if (database && (jwks !== undefined || hashesOnly))
    throw new CommandError('--jwks and --hashes-only are for a file. Omit them with --database.')
  if (jwks !== undefined && hashesOnly) throw new CommandError('--jwks and --hashes-only exclude each other. Use one of them.')
  if (file === undefined) {
    for (const line of await withServices((services) => verifyAll(services))) console.log(line)
    return
  }
  console.log(await verifyFile(file, jwks))
  if (jwks === undefined && !hashesOnly) process.exitCode = signatureNotChecked
}
