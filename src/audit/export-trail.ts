/** The trail of an organization as lines of JSON, oldest first, ended by a signed checkpoint. */
import type { Services } from '../context/services.js'
import { genesis, type ChainHead } from '../journal/chain.js'
import { signCheckpoint } from './checkpoint.js'
import { serializeEvent } from './export-format.js'
import { getChainHead, readTrail } from './read-trail.js'
import { isNextLink } from './verify-chain.js'

/** The chain in the database does not hold: a signature under it would vouch for what was tampered with. */
export class BrokenChainError extends Error {
  override readonly name = 'BrokenChainError'
}

/** @throws BrokenChainError in place of the checkpoint. */
export async function* exportTrail(app: Services, organizationId: string): AsyncGenerator<string, void, undefined> {
  const end = await getChainHead(app, organizationId)
  let head: ChainHead = genesis
  for await (const event of readTrail(app, organizationId, end.seq)) {
    if (!isNextLink(event, head)) throw new BrokenChainError(`The chain does not hold at ${event.id} (number ${event.seq}).`)
    head = { seq: event.seq, hash: event.hash }
    yield serializeEvent(event)
  }
  if (head.seq !== end.seq || head.hash !== end.hash)
    throw new BrokenChainError(`The chain ends at number ${head.seq} and should at ${end.seq}.`)
  yield JSON.stringify(await signCheckpoint(app.keyring, organizationId, head, app.clock()))
}
