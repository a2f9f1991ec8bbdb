/** Logs where every organization's chain ends, signed: whoever keeps the log can prove later that nothing before was touched. */
import type { Services } from '../context/context.js'
import { signCheckpoint } from './checkpoint.js'
import { headOf } from './read-trail.js'

export async function logCheckpoints(app: Services, organizationIds: readonly string[]): Promise<void> {
  for (const id of organizationIds) {
    const signed = await signCheckpoint(app.keyring, id, await headOf(app, id), app.clock())
    app.log.info(signed, 'audit checkpoint')
  }
}
