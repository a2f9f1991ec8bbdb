/** Finds an API key for a mutation, within the caller's tenant. */
import type { EntityManager } from '@mikro-orm/core'

import { ApiKey } from '../entities/api-key.js'
import { objectNotFound } from '../lib/errors.js'

/** @throws DomainError NOT_FOUND, with the same message for another tenant's key, so that ids cannot be probed. */
export async function findApiKey(em: EntityManager, id: string): Promise<ApiKey> {
  const apiKey = await em.findOne(ApiKey, { id })
  if (!apiKey) throw objectNotFound('API key', ['input', 'id'])
  return apiKey
}
