/** Checkpoints: where an organization's chain ended at a moment, signed, so that neither a cut tail nor a new chain passes. */
import { compactVerify, decodeProtectedHeader, importJWK, type JWK } from 'jose'

import type { Services } from '../context/services.js'
import type { ChainHead } from '../journal/chain.js'
import type { Keyring } from '../signing-keys/keyring.js'
import { isRecord, parsed } from './export-format.js'
import { getChainHead } from './read-trail.js'

export const checkpointType = 'kh-audit-checkpoint+jws'

export interface Checkpoint {
  readonly organization: string
  readonly count: number
  /** The hash of the last event. */
  readonly head: string
  /** RFC 3339. */
  readonly time: string
}

/** A line of its own at the end of an export: in clear for people, signed for machines. */
export interface SignedCheckpoint {
  readonly checkpoint: Checkpoint
  readonly jws: string
}

export async function signCheckpoint(keyring: Keyring, organization: string, head: ChainHead, now: Date): Promise<SignedCheckpoint> {
  const checkpoint = { organization, count: head.seq, head: head.hash, time: now.toISOString() }
  const { text } = await keyring.sign(checkpointType, checkpoint)
  return { checkpoint, jws: text }
}

/** Undefined for any other line. */
export function createCheckpoint(line: string): SignedCheckpoint | undefined {
  const value = parsed(line)
  if (!isRecord(value) || !isRecord(value['checkpoint']) || typeof value['jws'] !== 'string') return undefined
  const { organization, count, head, time } = value['checkpoint']
  const isWhole = [organization, head, time].every((one) => typeof one === 'string') && Number.isSafeInteger(count)
  return isWhole ? (value as unknown as SignedCheckpoint) : undefined
}

/** A key of a set that may tell when it signed, in RFC 3339; null: not yet. */
interface KeyInTime extends JWK {
  readonly activatedAt?: string | null
  readonly supersededAt?: string | null
  readonly retiredAt?: string | null
}

/**
 * Why a key of /.well-known/audit-jwks.json could not have signed at that time; undefined when it could, or when the key
 * set does not say.
 */
function validateSigningTime({ kid, activatedAt, supersededAt, retiredAt }: KeyInTime, time: string): string | undefined {
  if (activatedAt === undefined) return undefined
  const signedAt = Date.parse(time)
  const endedAt = supersededAt ?? retiredAt
  const isValid = activatedAt !== null && Date.parse(activatedAt) <= signedAt && (endedAt == null || signedAt <= Date.parse(endedAt))
  return isValid ? undefined : `the key that signed it (${String(kid)}) was not the current signing key at ${time}`
}

/** Why the signature proves nothing, as a sentence; undefined when it proves the checkpoint. */
export async function validateSignature({ checkpoint, jws }: SignedCheckpoint, keys: readonly JWK[]): Promise<string | undefined> {
  try {
    const { kid, typ } = decodeProtectedHeader(jws)
    // A token signed by the same key is no checkpoint (RFC 8725 §3.11).
    if (typ !== checkpointType) return 'it is signed as something else'
    const jwk = keys.find((one) => one.kid === kid)
    if (!jwk?.alg) return `the key that signed it (${String(kid)}) is not among those given`
    // The algorithm is that of the key, never that of the signature (RFC 8725 §3.1).
    const { payload } = await compactVerify(jws, await importJWK(jwk, jwk.alg), { algorithms: [jwk.alg] })
    const signed = parsed(new TextDecoder().decode(payload))
    const isSame = isRecord(signed) && Object.entries(checkpoint).every(([name, value]) => signed[name] === value)
    return isSame ? validateSigningTime(jwk, checkpoint.time) : 'it is not what was signed'
  } catch {
    return 'its signature does not hold'
  }
}

export async function logCheckpoints(app: Services, organizationIds: readonly string[]): Promise<void> {
  for (const id of organizationIds) {
    const signed = await signCheckpoint(app.keyring, id, await getChainHead(app, id), app.clock())
    app.log.info(signed, 'audit checkpoint')
  }
}
