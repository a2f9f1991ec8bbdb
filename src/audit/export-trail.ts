/** The trail of an organization as lines of JSON, oldest first, ended by a signed checkpoint. */
import type { Services } from '../context/services.js'
import { genesis, type Head } from '../journal/chain.js'
import { signCheckpoint } from './checkpoint.js'
import { lineOf } from './export-format.js'
import { headOf, readTrail } from './read-trail.js'
import { follows } from './verify-chain.js'

/** The chain in the database does not hold: a signature under it would vouch for what was tampered with. */
export class BrokenTrail extends Error {
  override readonly name = 'BrokenTrail'
}

/** @throws BrokenTrail in place of the checkpoint. */
export async function* exportTrail(app: Services, organizationId: string): AsyncGenerator<string, void, undefined> {
  const end = await headOf(app, organizationId)
  let head: Head = genesis
  for await (const event of readTrail(app, organizationId, end.seq)) {
    if (!follows(event, head)) throw new BrokenTrail(`The chain does not hold at ${event.id} (number ${event.seq}).`)
    head = { seq: event.seq, hash: event.hash }
    yield lineOf(event)
  }
  if (head.seq !== end.seq || head.hash !== end.hash)
    throw new BrokenTrail(`The chain ends at number ${head.seq} and should at ${end.seq}.`)
  yield JSON.stringify(await signCheckpoint(app.keyring, organizationId, head, app.clock()))
}
