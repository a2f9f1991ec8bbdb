/** Value of an MCP credential: validation of the input, masked preview, sealing and opening. */
import type { McpAuthType } from '../../entities/enums.js'
import type { McpCredential } from '../../entities/mcp-credential.js'
import { open, seal, SealError, type MasterKeys } from '../../lib/crypto/seal.js'
import type { Secret } from '../../lib/secret.js'
import type { Validator } from '../../validation/validator.js'

export const maxSecretLength = 8192
export const maxHeaders = 32
export const maxHeaderNameLength = 256
/** Bytes of all names and values together. */
export const maxHeadersBytes = 32_768
/** Minimum length for showing the last four characters. Of a shorter secret they would disclose too much. */
export const minPreviewedLength = 12

export interface McpAuth {
  readonly bearerToken?: Secret | null | undefined
  readonly authorization?: Secret | null | undefined
  readonly headers?: readonly { readonly name: string; readonly value: Secret }[] | null | undefined
  readonly none?: string | null | undefined
}

export interface CredentialValue {
  readonly authType: McpAuthType
  readonly authorizationPreview: string | null
  readonly headerNames: string[]
  /** Headers to send; null for type NONE. */
  readonly headers: Readonly<Record<string, string>> | null
}

/** `token` of RFC 9110 §5.6.2. */
const tokenPattern = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
/**
 * Control characters other than the tab, which RFC 9110 §5.5 disallows in field values.
 * CR, LF and NUL would allow header injection and request splitting.
 */
// oxlint-disable-next-line no-control-regex -- the control characters are what a header must not hold
const controlCharacters = /[\u0000-\u0008\u000A-\u001F\u007F]/
/** Hop-by-hop headers (RFC 9110 §7.6.1), and those that the HTTP client sets itself. */
const connectionHeaders = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

function validateSecret(validator: Validator, path: readonly string[], secret: Secret): void {
  const text = secret.reveal()
  if (text.length < 1 || text.length > maxSecretLength) validator.addIssue(path, `must have 1 to ${maxSecretLength} characters`)
  else if (controlCharacters.test(text) || !text.isWellFormed())
    validator.addIssue(path, 'must be well-formed Unicode without line breaks and control characters')
}

function validateHeaders(validator: Validator, headers: NonNullable<McpAuth['headers']>): void {
  const path = ['auth', 'headers']
  if (!validator.entries(path, headers, maxHeaders, 1)) return
  for (const [i, { name, value }] of headers.entries()) {
    const entryPath = [...path, String(i)]
    if (name.length > maxHeaderNameLength || !tokenPattern.test(name))
      validator.addIssue([...entryPath, 'name'], 'must be a header name (RFC 9110) of at most 256 characters')
    else if (connectionHeaders.has(name.toLowerCase()))
      validator.addIssue([...entryPath, 'name'], 'must not be a connection header, such as Host or Content-Length')
    validateSecret(validator, [...entryPath, 'value'], value)
  }
  const names = headers.map(({ name }) => name.toLowerCase())
  if (new Set(names).size < names.length) validator.addIssue(path, 'must not have the same header twice')
  const size = headers.reduce((sum, { name, value }) => sum + Buffer.byteLength(name) + Buffer.byteLength(value.reveal()), 0)
  if (size > maxHeadersBytes) validator.addIssue(path, `must have at most ${maxHeadersBytes} bytes in total`)
}

/** Adds every issue to `validator`; the caller throws. */
export function validateAuth(validator: Validator, auth: McpAuth): void {
  if (auth.bearerToken) validateSecret(validator, ['auth', 'bearerToken'], auth.bearerToken)
  if (auth.authorization) validateSecret(validator, ['auth', 'authorization'], auth.authorization)
  if (auth.headers) validateHeaders(validator, auth.headers)
}

/** The last four code points, not UTF-16 units: half a surrogate pair cannot be stored. */
const maskSecret = (text: string): string => (text.length >= minPreviewedLength ? `****...${/.{4}$/su.exec(text)?.[0]}` : '****')

export function toCredentialValue({ bearerToken, authorization, headers }: McpAuth): CredentialValue {
  const withoutPreview = { authorizationPreview: null, headerNames: [] }
  if (bearerToken) {
    const text = bearerToken.reveal()
    return { ...withoutPreview, authType: 'BEARER', authorizationPreview: maskSecret(text), headers: { authorization: `Bearer ${text}` } }
  }
  if (authorization) {
    const text = authorization.reveal()
    return { ...withoutPreview, authType: 'AUTHORIZATION', authorizationPreview: maskSecret(text), headers: { authorization: text } }
  }
  if (headers) {
    const plainHeaders = Object.fromEntries(headers.map(({ name, value }) => [name, value.reveal()]))
    return { ...withoutPreview, authType: 'HEADERS', headerNames: Object.keys(plainHeaders), headers: plainHeaders }
  }
  return { ...withoutPreview, authType: 'NONE', headers: null }
}

/** Null for type NONE. The row's AAD binds the ciphertext, so it does not open in another row. */
export const sealValue = (keys: MasterKeys, credential: McpCredential, { headers }: CredentialValue): string | null =>
  headers && seal(keys, credential.aad(), JSON.stringify(headers))

/**
 * Headers to send; null for type NONE. A missing value of any other type is an error: the request would be sent
 * unauthenticated. @throws SealError
 */
export function openValue(
  keys: MasterKeys,
  credential: Pick<McpCredential, 'aad' | 'authType' | 'sealedValue'>,
): Record<string, string> | null {
  if ((credential.authType === 'NONE') !== (credential.sealedValue === null))
    throw new SealError('the sealed value of a credential does not match its type')
  if (credential.sealedValue === null) return null
  return JSON.parse(open(keys, credential.aad(), credential.sealedValue)) as Record<string, string>
}
