/** `keyhouse signing-key rotate | retire KID`: the life of signing keys by hand. Running servers notice at their next request. */
import type { Services } from '../context/services.js'
import { retireSigningKey } from '../signing-keys/retire-signing-key.js'
import { rotateSigningKeys } from '../signing-keys/rotate-signing-keys.js'

interface KeysNow {
  readonly current: string
  readonly next: string
}

export interface Rotation extends KeysNow {
  readonly previous: string
}

export interface Retirement extends KeysNow {
  readonly retired: string
}

/** @throws DomainError INVALID_STATE within the key set's max-age of the last rotation. */
export async function rotateKeysByCommand(app: Services): Promise<Rotation> {
  const rotated = await rotateSigningKeys(app)
  if (!rotated) throw new TypeError('a rotation by hand is always due')
  return { current: rotated.current.id, previous: rotated.previous.id, next: rotated.next.id }
}

/** @throws DomainError NOT_FOUND */
export async function retireKeyByCommand(app: Services, kid: string): Promise<Retirement> {
  const { current, next, retired } = await retireSigningKey(app, kid)
  return { retired: retired.id, current: current.id, next: next.id }
}
