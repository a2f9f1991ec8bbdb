/** Idempotency: what a create made under a key, remembered for a day in the transaction that made it. Failures are not. */
import type { EntityManager, MikroORM } from '@mikro-orm/core'

import type { Actor } from '../access/actor.js'
import type { DeploymentSecrets } from '../encryption/deployment-secrets.js'
import { IdempotencyKey } from '../entities/idempotency-key.js'
import type { Clock } from '../lib/clock.js'
import { sha256 } from '../lib/digest.js'
import { Secret } from '../lib/secret.js'
import type { AppendedRow, Journal } from './journal.js'

/** Milliseconds: 24 hours. */
export const idempotencyTtlMs = 86_400_000

/** What a create is known by: whose and under which key, and with which input. */
export interface IdempotencyFingerprint {
  readonly id: string
  readonly inputMac: string
}

/** Levels that are looked into. No input is lawful that goes deeper, and this is asked before the verb has checked it. */
const maxInputDepth = 32

/** In one order, with secrets and dates as what they stand for: a Secret prints alike whatever it holds. */
function canonicalInput(value: unknown, depth = 1): unknown {
  if (depth > maxInputDepth) return 'too deep'
  if (value instanceof Secret) return { secret: value.reveal() }
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return value.map((one) => canonicalInput(one, depth + 1))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([, one]) => one !== undefined)
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, one]) => [name, canonicalInput(one, depth + 1)]))
}

export function fingerprint(
  secrets: DeploymentSecrets,
  { organizationId, authVersion, endUser }: Actor,
  action: string,
  key: string,
  input: object,
): IdempotencyFingerprint {
  return {
    // The standing names the credential; the command line has none.
    id: sha256(JSON.stringify([organizationId, authVersion?.id ?? null, endUser?.id ?? null, action, key])),
    inputMac: secrets.mac('idempotency', JSON.stringify(canonicalInput(input))),
  }
}

/** What was made under this mark before, and whether the input was the same. One that ran out is gone. */
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

export const idempotencyRow = (mark: IdempotencyFingerprint, organizationId: string, subjectId: string, now: Date): AppendedRow => ({
  entity: IdempotencyKey,
  row: { ...mark, organizationId, subjectId, expiresAt: new Date(now.getTime() + idempotencyTtlMs) },
})

/** Deletes keys that have expired, of every tenant. */
export async function deleteExpiredKeys({
  journal,
  orm,
  clock,
}: {
  readonly journal: Journal
  readonly orm: MikroORM
  readonly clock: Clock
}): Promise<void> {
  const expired = { expiresAt: { $lte: clock() } }
  await journal.exclusive(orm.em.fork(), (em) => em.nativeDelete(IdempotencyKey, expired, { filters: { tenant: false } }))
}
