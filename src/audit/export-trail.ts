/** Exports an organization's audit trail as JSON lines, oldest first, followed by a signed checkpoint. */
import type { Services } from '../context/services.js'
import { genesis, type ChainHead } from '../journal/chain.js'
import { signCheckpoint } from './checkpoint.js'
import { serializeEvent } from './export-format.js'
import { getChainHead, readTrail } from './read-trail.js'
import { isNextLink } from './verify-chain.js'

/** The stored chain is broken. Signing a checkpoint for it would attest to tampered events. */
export class BrokenChainError extends Error {
  override readonly name = 'BrokenChainError'
}

/** Yields lines without a line feed. @throws BrokenChainError before the checkpoint */
export async function* exportTrail(services: Services, organizationId: string): AsyncGenerator<string, void, undefined> {
  const end = await getChainHead(services, organizationId)
  let head: ChainHead = genesis
  for await (const event of readTrail(services, organizationId, end.seq)) {
    if (!isNextLink(event, head)) throw new BrokenChainError(`The audit chain is broken at ${event.id} (number ${event.seq}).`)
    head = { seq: event.seq, hash: event.hash }
    yield serializeEvent(event)
  }
  if (head.seq !== end.seq || head.hash !== end.hash)
    throw new BrokenChainError(`The audit chain ends at number ${head.seq}, and must end at ${end.seq}.`)
  yield JSON.stringify(await signCheckpoint(services.keyring, organizationId, head, services.clock()))
}
