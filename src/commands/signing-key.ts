/** `keyhouse signing-key rotate | retire KID`: rotates or retires signing keys. Running servers see it at their next request. */
import type { Services } from '../context/services.js'
import { retireSigningKey } from '../signing-keys/retire-signing-key.js'
import { rotateSigningKeys } from '../signing-keys/rotate-signing-keys.js'

interface ActiveKeyIds {
  readonly current: string
  readonly next: string
}

export interface Rotation extends ActiveKeyIds {
  readonly previous: string
}

export interface Retirement extends ActiveKeyIds {
  readonly retired: string
}

/** @throws DomainError INVALID_STATE within the key set's max-age after the last rotation */
export async function rotateKeys(services: Services): Promise<Rotation> {
  const rotated = await rotateSigningKeys(services)
  if (!rotated) throw new TypeError('a manual rotation is always due')
  return { current: rotated.current.id, previous: rotated.previous.id, next: rotated.next.id }
}

/** @throws DomainError NOT_FOUND for an unknown kid */
export async function retireKey(services: Services, kid: string): Promise<Retirement> {
  const { current, next, retired } = await retireSigningKey(services, kid)
  return { retired: retired.id, current: current.id, next: next.id }
}
