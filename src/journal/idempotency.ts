/** Idempotency keys: the result of a create is stored in its transaction for 24 hours; failures are not stored. */
import type { EntityManager } from '@mikro-orm/core'

import type { Actor } from '../access/actor.js'
import type { DeploymentSecrets } from '../encryption/deployment-secrets.js'
import { IdempotencyKey } from '../entities/idempotency-key.js'
import type { Clock } from '../lib/clock.js'
import { sha256 } from '../lib/crypto/digest.js'
import { Secret } from '../lib/secret.js'
import type { AppendedRow } from './journal.js'
import { deleteRows, type MaintenanceDeps } from './maintain-rows.js'

/** How long an idempotency key is stored: 24 hours. */
export const idempotencyTtlMs = 86_400_000

/** Identity of an idempotent create. */
export interface IdempotencyFingerprint {
  /** SHA-256 of organization, credential, end user, action and key. */
  readonly id: string
  /** MAC of the canonical input. */
  readonly inputMac: string
}

/** Maximum depth of canonicalization. No valid input is deeper, and this runs before the verb validates the input. */
const maxInputDepth = 32

/** Canonical form for comparison: sorted keys, dates as ISO 8601, secrets revealed, since every Secret serializes alike. */
function canonicalInput(value: unknown, depth = 1): unknown {
  if (depth > maxInputDepth) return 'too deep'
  if (value instanceof Secret) return { secret: value.reveal() }
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return value.map((item) => canonicalInput(item, depth + 1))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([, member]) => member !== undefined)
  return Object.fromEntries(
    entries.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, member]) => [name, canonicalInput(member, depth + 1)]),
  )
}

/** Fingerprint of a create. The input is hashed with a deployment secret, since it may hold secrets. */
export function fingerprint(
  secrets: DeploymentSecrets,
  { organizationId, authVersion, endUser }: Actor,
  action: string,
  key: string,
  input: object,
): IdempotencyFingerprint {
  return {
    // The credential's id; the command line has no credential.
    id: sha256(JSON.stringify([organizationId, authVersion?.id ?? null, endUser?.id ?? null, action, key])),
    inputMac: secrets.mac('idempotency', JSON.stringify(canonicalInput(input))),
  }
}

/** Finds the earlier result of this key, and whether its input was the same. Deletes it if it has expired. */
export async function findIdempotentResult(
  em: EntityManager,
  { id, inputMac }: IdempotencyFingerprint,
  now: Date,
): Promise<{ subjectId: string; isSame: boolean } | undefined> {
  const row = await em.findOne(IdempotencyKey, { id })
  if (!row) return undefined
  if (row.expiresAt > now) return { subjectId: row.subjectId, isSame: row.inputMac === inputMac }
  await em.nativeDelete(IdempotencyKey, { id })
  return undefined
}

/** Row that records the result of a create. */
export const idempotencyRow = (
  keyFingerprint: IdempotencyFingerprint,
  organizationId: string,
  subjectId: string,
  now: Date,
): AppendedRow => ({
  entity: IdempotencyKey,
  row: { ...keyFingerprint, organizationId, subjectId, expiresAt: new Date(now.getTime() + idempotencyTtlMs) },
})

/** Deletes expired keys of all tenants. */
export async function deleteExpiredKeys(deps: MaintenanceDeps & { readonly clock: Clock }): Promise<void> {
  await deleteRows(deps, IdempotencyKey, { expiresAt: { $lte: deps.clock() } })
}
