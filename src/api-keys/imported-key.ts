/** An API key that was issued elsewhere, and the rules for its digest and preview. */
import { parseDigest, sha256 } from '../lib/crypto/digest.js'
import { Validator } from '../validation/validator.js'
import { validateGrants, type NewApiKeyGrants } from './api-key-rules.js'

export const maxPreviewLength = 32

/** Printable ASCII, as a secret in a header is. */
const previewPattern = /^[\x20-\x7E]+$/

const emptyDigest = sha256('')

/** Permissions are required: by default a whole store of keys would get all of the importer's. */
export interface ImportedKey extends NewApiKeyGrants {
  /** SHA-256 of the secret in hex, base64 or base64url. */
  readonly digest: string
  readonly preview?: string | null | undefined
  readonly permissions: readonly string[]
}

/** Returns the digest in hex. @param path path of the key in the input @throws DomainError INVALID with every issue */
export function validateImportedKey(key: ImportedKey, path: readonly string[], now: Date): string {
  const validator = new Validator(path)
  const digest = parseDigest(key.digest)
  if (digest === undefined)
    validator.addIssue('digest', 'must be a SHA-256 digest: 64 hexadecimal digits, or 43 characters of base64 or base64url')
  // A service that passes on a missing header as an empty text would otherwise find a valid key.
  if (digest === emptyDigest) validator.addIssue('digest', 'must not be the digest of the empty text')
  validator.text('preview', key.preview, maxPreviewLength)
  if (key.preview && key.preview.length <= maxPreviewLength && !previewPattern.test(key.preview))
    validator.addIssue('preview', 'must have printable ASCII characters only')
  if (key.preview && sha256(key.preview) === digest) validator.addIssue('preview', 'must not be the secret itself: send a part of it')
  validateGrants(validator, key)
  validator.future('expiresAt', key.expiresAt, now)
  validator.throwIfInvalid()
  return digest ?? ''
}
