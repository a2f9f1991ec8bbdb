/**
 * Sealing: AES-256-GCM with a fresh 96-bit nonce, under a master key whose id stands in the envelope
 * (NIST SP 800-38D). What the value belongs to is bound as associated data, so a copied row does not open elsewhere.
 */
import { createCipheriv, createDecipheriv, createSecretKey, randomBytes, type KeyObject } from 'node:crypto'

export interface MasterKey {
  readonly id: string
  readonly key: KeyObject
}

/** The first seals, any opens. */
export type MasterKeys = readonly [MasterKey, ...MasterKey[]]

export class SealError extends Error {
  override readonly name = 'SealError'
}

const version = 'v1'
const binding = (parts: readonly (string | null)[]): Buffer => Buffer.from(JSON.stringify(parts))

export const masterKey = (id: string, bytes: Buffer): MasterKey => ({ id, key: createSecretKey(bytes) })

/** `v1.<key id>.<nonce>.<ciphertext ‖ tag>`, the last two in base64url. */
export function seal(keys: MasterKeys, boundTo: readonly (string | null)[], plain: string): string {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', keys[0].key, nonce)
  cipher.setAAD(binding([version, keys[0].id, ...boundTo]))
  const sealed = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()])
  return [version, keys[0].id, nonce.toString('base64url'), sealed.toString('base64url')].join('.')
}

/** @throws SealError when the key is not at hand, or anything at all was changed. */
export function open(keys: MasterKeys, boundTo: readonly (string | null)[], envelope: string): string {
  const [form, keyId, nonce, sealed, ...rest] = envelope.split('.')
  if (form !== version || keyId === undefined || nonce === undefined || sealed === undefined || rest.length > 0) {
    throw new SealError('not a sealed value')
  }
  const master = keys.find((one) => one.id === keyId)
  if (!master) throw new SealError(`sealed under master key "${keyId}", which is not configured`)
  const bytes = Buffer.from(sealed, 'base64url')
  if (bytes.length < 16) throw new SealError('not a sealed value')
  try {
    const decipher = createDecipheriv('aes-256-gcm', master.key, Buffer.from(nonce, 'base64url'), { authTagLength: 16 })
    decipher.setAAD(binding([version, keyId, ...boundTo]))
    decipher.setAuthTag(bytes.subarray(-16))
    return decipher.update(bytes.subarray(0, -16), undefined, 'utf8') + decipher.final('utf8')
  } catch (cause) {
    throw new SealError('a sealed value does not open: it was changed, or belongs to another row', { cause })
  }
}

/** The id of the master key that an envelope names. */
export const sealedUnder = (envelope: string): string => envelope.split('.')[1] ?? ''
