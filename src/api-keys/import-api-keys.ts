/** Imports API keys that were issued elsewhere, by the SHA-256 digests of their secrets. Each secret works unchanged. */
import { UniqueConstraintViolationException, type EntityManager } from '@mikro-orm/core'

import { can } from '../access/actor.js'
import { inheritedRootKeyIds } from '../access/key-families.js'
import type { Context } from '../context/context.js'
import { perform } from '../context/perform.js'
import { findHolders } from '../database/queries/held-digests.js'
import { ApiKey } from '../entities/api-key.js'
import type { Environment } from '../entities/enums.js'
import { conflict, DomainError, type UserErrorDetail } from '../lib/errors.js'
import { newId } from '../lib/id.js'
import { resolveEnvironment } from '../tenancy/environment.js'
import { findProjectOrDefault } from '../tenancy/project.js'
import { Validator } from '../validation/validator.js'
import { assertCanManageKeys, resolveGrants } from './api-key-rules.js'
import { buildApiKey } from './build-api-key.js'
import { validateImportedKey, type ImportedKey } from './imported-key.js'

export const maxImportedKeys = 100

export const importOutcomes = ['IMPORTED', 'UNCHANGED', 'REFUSED'] as const
export type ImportOutcome = (typeof importOutcomes)[number]

export interface ImportResult {
  readonly outcome: ImportOutcome
  /** Null when refused, and for an unchanged key that the actor may not read. */
  readonly apiKey: ApiKey | null
  /** Empty unless refused. */
  readonly errors: readonly UserErrorDetail[]
}

export interface ImportApiKeysArgs {
  readonly keys: readonly ImportedKey[]
  readonly environment?: Environment | null | undefined
  readonly projectId?: string | null | undefined
}

/**
 * Answers one result for each key, in their order. A key whose digest the same project and environment hold is unchanged.
 * @throws DomainError of the whole import
 */
export async function importApiKeys(
  ctx: Context,
  input: ImportApiKeysArgs,
  maxKeys = maxImportedKeys,
): Promise<{ results: readonly ImportResult[] }> {
  try {
    return await importOnce(ctx, input, maxKeys)
  } catch (error) {
    // Another organization imported one of the digests meanwhile, on PostgreSQL: now its row is visible, as a conflict.
    if (error instanceof UniqueConstraintViolationException) return importOnce(ctx, input, maxKeys)
    throw error
  }
}

const importOnce = (ctx: Context, input: ImportApiKeysArgs, maxKeys: number): Promise<{ results: readonly ImportResult[] }> =>
  perform(ctx, 'api_key:import', async ({ em, actor, now, permit, addDetails }) => {
    const validator = new Validator()
    validator.entries('keys', input.keys, maxKeys, 1)
    validator.throwIfInvalid()
    const environment = resolveEnvironment(actor, input.environment)
    permit({ environment })
    assertCanManageKeys(actor, null)
    const project = await findProjectOrDefault(em, input.projectId)
    const place = { projectId: project.id, environment }
    permit(place)
    // A digest proves no possession of the secret, so an existing key is shown to those who may read it.
    const canRead = can(actor, 'api_key:read')
    const rootKeyIds = await inheritedRootKeyIds(em, actor)
    const parsed = input.keys.map((key, i) => {
      const path = ['input', 'keys', String(i)]
      return refuseErrors(() => ({
        path,
        preview: key.preview,
        digest: validateImportedKey(key, path, now),
        grants: resolveGrants(actor, key, path),
      }))
    })
    const existing = await findExisting(
      em,
      place,
      parsed.flatMap((key) => ('digest' in key ? [key.digest] : [])),
    )
    const results = parsed.map((key): ImportResult => {
      if (!('digest' in key)) return key
      const { digest, path, grants, preview } = key
      const holder = existing.get(digest)
      if (holder) return { outcome: 'UNCHANGED', apiKey: canRead ? holder : null, errors: [] }
      if (holder === null) return refused(conflict('"digest" is in use. Import another key, or issue a new one.', [...path, 'digest']))
      const id = newId('key', now)
      const apiKey = buildApiKey(
        actor,
        { ...grants, ...place, id, digest, importedDigest: digest, preview: preview ?? '****', rootKeyIds },
        now,
      )
      existing.set(digest, apiKey)
      return { outcome: 'IMPORTED', apiKey, errors: [] }
    })
    const imported = results.flatMap(({ outcome, apiKey }) => (outcome === 'IMPORTED' && apiKey ? [apiKey] : []))
    // In one order in every transaction: two imports of the same digests would deadlock on PostgreSQL.
    em.persist(imported.toSorted((a, b) => (a.digest < b.digest ? -1 : 1)))
    addDetails({ ...countOutcomes(results), apiKeyIds: imported.map(({ id }) => id) })
    return { results }
  })

/** Key of this project and environment by each digest that it holds; null when another key of the deployment does. */
async function findExisting(
  em: EntityManager,
  place: { projectId: string; environment: Environment },
  digests: readonly string[],
): Promise<Map<string, ApiKey | null>> {
  const holders = await findHolders(em, digests)
  const keys = holders.size === 0 ? [] : await em.find(ApiKey, { ...place, id: { $in: [...new Set(holders.values())] } })
  const byId = new Map(keys.map((key) => [key.id, key]))
  return new Map([...holders].map(([digest, id]) => [digest, byId.get(id) ?? null]))
}

const refused = ({ userErrors }: DomainError): ImportResult => ({ outcome: 'REFUSED', apiKey: null, errors: userErrors })

/** The refusal of one key is a result, not an error of the import. */
function refuseErrors<T>(resolve: () => T): T | ImportResult {
  try {
    return resolve()
  } catch (error) {
    if (error instanceof DomainError) return refused(error)
    throw error
  }
}

/** Counts for the audit event: by outcome, and of refusals by code. */
function countOutcomes(results: readonly ImportResult[]): object {
  const refusedByCode: Record<string, number> = {}
  for (const { errors } of results) {
    const code = errors[0]?.code
    if (code) refusedByCode[code] = (refusedByCode[code] ?? 0) + 1
  }
  const count = (outcome: ImportOutcome): number => results.filter((result) => result.outcome === outcome).length
  return { imported: count('IMPORTED'), unchanged: count('UNCHANGED'), refused: refusedByCode }
}
