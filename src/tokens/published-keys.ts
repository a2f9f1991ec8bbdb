/** The key set that verifiers read: the key that signs, its successor, and predecessors whose tokens still live. */
import type { JWK } from 'jose'

import type { Services } from '../context.js'
import { SigningKey } from '../entities/signing-key.js'

export async function publishedKeys(app: Services): Promise<JWK[]> {
  const keys = await app.orm.em.fork().find(SigningKey, { state: { $ne: 'RETIRED' } }, { orderBy: { id: 'ASC' } })
  return keys.map((key) => key.publicJwk)
}
