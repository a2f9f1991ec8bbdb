/** `keyhouse audit export`: writes the audit trail of an organization to stdout. */
import { once } from 'node:events'
import type { Writable } from 'node:stream'

import { BrokenChainError, exportTrail } from '../audit/export-trail.js'
import type { Services } from '../context/services.js'
import { findOrganizations } from '../database/unscoped-queries.js'
import { CommandError } from './command-error.js'
import { showCount, type ProgressStream } from './progress.js'

/** @throws CommandError for an unknown organization, and instead of the checkpoint when the chain is broken */
export async function exportAuditTrail(
  services: Services,
  organization: string,
  out: Writable,
  progress: ProgressStream = process.stderr,
): Promise<void> {
  const [known] = await findOrganizations(services.orm, organization)
  if (!known) throw new CommandError('No organization has this id. See "keyhouse organization list".')
  try {
    // A terminal that shows the trail needs no count of it.
    const lines = exportTrail(services, organization)
    for await (const line of 'isTTY' in out && out.isTTY ? lines : showCount(lines, 'events', progress))
      if (!out.write(`${line}\n`)) await once(out, 'drain')
  } catch (error) {
    throw error instanceof BrokenChainError ? new CommandError(`${error.message} No checkpoint was signed.`) : error
  }
}
