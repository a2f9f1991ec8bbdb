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

const masterKeyForm =
  'must be "id:base64" entries separated by commas, newest first, each of 32 bytes; make one with: echo "k1:$(openssl rand -base64 32)"'

const parseKeyEntries = (text: string): [id: string, base64: string][] | undefined => {
  const entries = text.split(',').map((entry) => /^([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/_-]{43}=?)$/.exec(entry.trim()))
  return entries.every((entry) => entry !== null) ? entries.map(([, id, base64]) => [id!, base64!]) : undefined
}

/** Why a list of master keys cannot be used, without any of it; undefined when it can. */
export function validateMasterKeys(text: string): string | undefined {
  const entries = parseKeyEntries(text)
  if (!entries) return masterKeyForm
  return new Set(entries.map(([id]) => id)).size < entries.length ? 'names two master keys with the same id' : undefined
}

/** @throws SealError for what {@link validateMasterKeys} finds fault with. */
export function parseMasterKeys(text: string): MasterKeys {
  const fault = validateMasterKeys(text)
  const [first, ...rest] = (parseKeyEntries(text) ?? []).map(([id, base64]) => masterKey(id, Buffer.from(base64, 'base64')))
  if (fault !== undefined || !first) throw new SealError(`a list of master keys ${fault}`)
  return [first, ...rest]
}

const version = 'v1'
const binding = (parts: readonly (string | null)[]): Buffer => Buffer.from(JSON.stringify(parts))

const masterKey = (id: string, bytes: Buffer): MasterKey => ({ id, key: createSecretKey(bytes) })

/** `v1.<key id>.<nonce>.<ciphertext ‖ tag>`, the last two in base64url. */
export function seal(keys: MasterKeys, aad: readonly (string | null)[], plain: string): string {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', keys[0].key, nonce)
  cipher.setAAD(binding([version, keys[0].id, ...aad]))
  const sealed = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()])
  return [version, keys[0].id, nonce.toString('base64url'), sealed.toString('base64url')].join('.')
}

/** @throws SealError when the key is not at hand, or anything at all was changed. */
export function open(keys: MasterKeys, aad: readonly (string | null)[], envelope: string): string {
  const [form, keyId, nonce, sealed, ...rest] = envelope.split('.')
  if (form !== version || keyId === undefined || nonce === undefined || sealed === undefined || rest.length > 0) {
    throw new SealError('not a sealed value')
  }
  const master = keys.find((one) => one.id === keyId)
  if (!master) throw new SealError(`sealed under master key "${keyId}", which is not configured`)
  const bytes = Buffer.from(sealed, 'base64url')
  // Decoding passes over what is no base64url, so one value would have many texts.
  if (bytes.length < 16 || bytes.toString('base64url') !== sealed) throw new SealError('not a sealed value')
  try {
    const decipher = createDecipheriv('aes-256-gcm', master.key, Buffer.from(nonce, 'base64url'), { authTagLength: 16 })
    decipher.setAAD(binding([version, keyId, ...aad]))
    decipher.setAuthTag(bytes.subarray(-16))
    return decipher.update(bytes.subarray(0, -16), undefined, 'utf8') + decipher.final('utf8')
  } catch (cause) {
    throw new SealError('a sealed value does not open: it was changed, or belongs to another row', { cause })
  }
}

/** The id of the master key that an envelope names. */
export const getKeyId = (envelope: string): string => envelope.split('.')[1] ?? ''
