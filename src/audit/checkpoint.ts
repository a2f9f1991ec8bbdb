/** Signed checkpoints of an organization's audit chain: they detect a truncated tail and a chain rebuilt from scratch. */
import { compactVerify, decodeProtectedHeader, importJWK, type JWK } from 'jose'

import type { Services } from '../context/services.js'
import type { ChainHead } from '../journal/chain.js'
import type { Keyring } from '../signing-keys/keyring.js'
import { isRecord, parseJson } from './export-format.js'
import { getChainHead } from './read-trail.js'

export const checkpointType = 'kh-audit-checkpoint+jws'

/** Chain head at a point in time: the payload of the JWS. */
export interface Checkpoint {
  readonly organization: string
  readonly count: number
  /** The hash of the last event. */
  readonly head: string
  /** RFC 3339. */
  readonly time: string
}

/** Last line of an export: readable `checkpoint`, and the compact JWS that signs the same values. */
export interface SignedCheckpoint {
  readonly checkpoint: Checkpoint
  readonly jws: string
}

export async function signCheckpoint(keyring: Keyring, organization: string, head: ChainHead, now: Date): Promise<SignedCheckpoint> {
  const checkpoint = { organization, count: head.seq, head: head.hash, time: now.toISOString() }
  const { text } = await keyring.sign(checkpointType, checkpoint)
  return { checkpoint, jws: text }
}

/** Parses an export line; undefined when it is not a checkpoint. Does not verify the signature. */
export function parseCheckpoint(line: string): SignedCheckpoint | undefined {
  const value = parseJson(line)
  if (!isRecord(value) || !isRecord(value['checkpoint']) || typeof value['jws'] !== 'string') return undefined
  const { organization, count, head, time } = value['checkpoint']
  const isValid = [organization, head, time].every((field) => typeof field === 'string') && Number.isSafeInteger(count)
  return isValid ? (value as unknown as SignedCheckpoint) : undefined
}

/** JWK with optional signing period in RFC 3339; null: not yet. */
interface JwkWithValidity extends JWK {
  readonly activatedAt?: string | null
  readonly supersededAt?: string | null
  readonly retiredAt?: string | null
}

/**
 * Checks that a key of /.well-known/audit-jwks.json was current at `time`: a withdrawn key signs no later checkpoint
 * (docs/decisions/0053). Returns the issue; undefined when valid, or when the key has no signing period.
 */
function validateSigningTime({ kid, activatedAt, supersededAt, retiredAt }: JwkWithValidity, time: string): string | undefined {
  if (activatedAt === undefined) return undefined
  const signedAt = Date.parse(time)
  const endedAt = supersededAt ?? retiredAt
  const isValid = activatedAt !== null && Date.parse(activatedAt) <= signedAt && (endedAt == null || signedAt <= Date.parse(endedAt))
  return isValid ? undefined : `the key that signed it (${String(kid)}) was not the current signing key at ${time}`
}

/** Verifies the JWS against `keys`. Returns the issue as a clause of a sentence; undefined when the signature is valid. */
export async function validateSignature({ checkpoint, jws }: SignedCheckpoint, keys: readonly JWK[]): Promise<string | undefined> {
  try {
    const { kid, typ } = decodeProtectedHeader(jws)
    // Check `typ`: the same key signs tokens, which must not pass as checkpoints (RFC 8725 §3.11).
    if (typ !== checkpointType) return 'its "typ" is not that of a checkpoint'
    const jwk = keys.find((key) => key.kid === kid)
    if (!jwk?.alg) return `the key set has no key ${String(kid)}, which signed it`
    // Take the algorithm from the key, never from the JWS header: prevents algorithm confusion (RFC 8725 §3.1).
    const { payload } = await compactVerify(jws, await importJWK(jwk, jwk.alg), { algorithms: [jwk.alg] })
    const payloadFields = parseJson(new TextDecoder().decode(payload))
    const isSame = isRecord(payloadFields) && Object.entries(checkpoint).every(([name, value]) => payloadFields[name] === value)
    return isSame ? validateSigningTime(jwk, checkpoint.time) : 'its values differ from the signed ones'
  } catch {
    return 'its signature is not valid'
  }
}

/** Logs a signed checkpoint for each organization, so that log storage holds evidence outside the database. */
export async function logCheckpoints(services: Services, organizationIds: readonly string[]): Promise<void> {
  for (const id of organizationIds) {
    const signed = await signCheckpoint(services.keyring, id, await getChainHead(services, id), services.clock())
    services.log.info(signed, 'audit checkpoint')
  }
}
