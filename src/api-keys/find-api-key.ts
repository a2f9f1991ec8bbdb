/** One key that the caller sees, for changing it. */
import type { EntityManager } from '@mikro-orm/core'

import { ApiKey } from '../entities/api-key.js'
import { notFound } from '../lib/errors.js'

/** @throws DomainError NOT_FOUND, in the same words for another tenant's key and for one that never was. */
export async function findApiKey(em: EntityManager, id: string): Promise<ApiKey> {
  const apiKey = await em.findOne(ApiKey, { id })
  if (!apiKey) throw notFound('No such API key.', ['input', 'id'])
  return apiKey
}
