/**
 * Sealing of values: AES-256-GCM with a random 96-bit nonce (NIST SP 800-38D). The envelope names its master key.
 * The owner of a value is its additional authenticated data, so a value copied to another row does not open.
 */
import { createCipheriv, createDecipheriv, createSecretKey, randomBytes, type KeyObject } from 'node:crypto'

export interface MasterKey {
  readonly id: string
  readonly key: KeyObject
}

/** The first key seals; every key opens. */
export type MasterKeys = readonly [MasterKey, ...MasterKey[]]

/** Invalid master keys, or an envelope that does not open. */
export class SealError extends Error {
  override readonly name = 'SealError'
}

const masterKeyIssue =
  'must be "id:base64" entries separated by commas, newest first, each of 32 bytes; create one with: echo "k1:$(openssl rand -base64 32)"'

const parseKeyEntries = (text: string): [id: string, base64: string][] | undefined => {
  const entries = text.split(',').map((entry) => /^([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/_-]{43}=?)$/.exec(entry.trim()))
  return entries.every((entry) => entry !== null) ? entries.map(([, id, base64]) => [id!, base64!]) : undefined
}

/** Issue of a list of master keys, which quotes none of it; undefined for a valid list. */
export function validateMasterKeys(text: string): string | undefined {
  const entries = parseKeyEntries(text)
  if (!entries) return masterKeyIssue
  return new Set(entries.map(([id]) => id)).size < entries.length ? 'must not have two master keys with the same id' : undefined
}

/** @throws SealError with the issue of {@link validateMasterKeys} */
export function parseMasterKeys(text: string): MasterKeys {
  const issue = validateMasterKeys(text)
  const [first, ...rest] = (parseKeyEntries(text) ?? []).map(([id, base64]) => masterKey(id, Buffer.from(base64, 'base64')))
  if (issue !== undefined || !first) throw new SealError(`the master keys ${issue}`)
  return [first, ...rest]
}

const masterKey = (id: string, bytes: Buffer): MasterKey => ({ id, key: createSecretKey(bytes) })

const version = 'v1'
const encodeAad = (parts: readonly (string | null)[]): Buffer => Buffer.from(JSON.stringify(parts))

/** `v1.<key id>.<nonce>.<ciphertext ‖ tag>`, the last two in base64url. */
export function seal(keys: MasterKeys, aad: readonly (string | null)[], plain: string): string {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', keys[0].key, nonce)
  cipher.setAAD(encodeAad([version, keys[0].id, ...aad]))
  const sealed = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()])
  return [version, keys[0].id, nonce.toString('base64url'), sealed.toString('base64url')].join('.')
}

/** @throws SealError for an unknown master key, a malformed envelope, or a value or `aad` that does not authenticate */
export function open(keys: MasterKeys, aad: readonly (string | null)[], envelope: string): string {
  const [form, keyId, nonce, sealed, ...rest] = envelope.split('.')
  if (form !== version || keyId === undefined || nonce === undefined || sealed === undefined || rest.length > 0) {
    throw new SealError('not a sealed value')
  }
  const master = keys.find(({ id }) => id === keyId)
  if (!master) throw new SealError(`sealed under master key "${keyId}", which is not configured`)
  const bytes = Buffer.from(sealed, 'base64url')
  // Node ignores characters outside of base64url. Without this check one value would have many envelopes.
  if (bytes.length < 16 || bytes.toString('base64url') !== sealed) throw new SealError('not a sealed value')
  try {
    const decipher = createDecipheriv('aes-256-gcm', master.key, Buffer.from(nonce, 'base64url'), { authTagLength: 16 })
    decipher.setAAD(encodeAad([version, keyId, ...aad]))
    decipher.setAuthTag(bytes.subarray(-16))
    return decipher.update(bytes.subarray(0, -16), undefined, 'utf8') + decipher.final('utf8')
  } catch (cause) {
    throw new SealError('a sealed value cannot be decrypted: it was changed, or belongs to another row', { cause })
  }
}

/** Id of the master key that an envelope names. */
export const getKeyId = (envelope: string): string => envelope.split('.')[1] ?? ''
