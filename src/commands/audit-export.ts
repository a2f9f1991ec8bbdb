/** `keyhouse audit export`: the trail of an organization on stdout. */
import { once } from 'node:events'
import type { Writable } from 'node:stream'

import { BrokenChainError, exportTrail } from '../audit/export-trail.js'
import type { Services } from '../context/services.js'
import { findOrganizations } from '../database/unscoped-queries.js'
import { CommandError } from './command-error.js'

/** @throws CommandError for an unknown organization, and in place of the checkpoint when the chain does not hold. */
export async function exportByCommand(app: Services, organization: string, out: Writable): Promise<void> {
  const [known] = await findOrganizations(app.orm, organization)
  if (!known) throw new CommandError('No such organization.')
  try {
    for await (const line of exportTrail(app, organization)) if (!out.write(`${line}\n`)) await once(out, 'drain')
  } catch (error) {
    throw error instanceof BrokenChainError ? new CommandError(`${error.message} No checkpoint was signed.`) : error
  }
}
