/** The value of a credential: how it may be given, what of it may be shown, and how it is kept. */
import type { McpAuthType } from '../../entities/enums.js'
import type { McpCredential } from '../../entities/mcp-credential.js'
import { open, seal, SealError, type MasterKeys } from '../../lib/seal.js'
import type { Secret } from '../../lib/secret.js'
import type { Validator } from '../../validation/validator.js'

export const maxSecretLength = 8192
export const maxHeaders = 32
export const maxHeaderNameLength = 256
/** Bytes of all names and values together. */
export const maxHeadersBytes = 32_768
/** Characters from which the last four of a secret are shown: of a shorter one they would tell too much. */
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
  /** What is sent, by header; null: nothing. */
  readonly headers: Readonly<Record<string, string>> | null
}

/** RFC 9110 §5.6.2 */
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
/** CR, LF and NUL would end the header or the request (RFC 9110 §5.5); no other control character but the tab may be sent either. */
// oxlint-disable-next-line no-control-regex
const unsendable = /[\u0000-\u0008\u000A-\u001F\u007F]/
/** RFC 9110 §7.6.1, and what the connection itself needs. */
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

function checkSecret(validator: Validator, path: readonly string[], secret: Secret): void {
  const text = secret.reveal()
  if (text.length < 1 || text.length > maxSecretLength) validator.addIssue(path, `must have 1 to ${maxSecretLength} characters`)
  else if (unsendable.test(text) || !text.isWellFormed())
    validator.addIssue(path, 'must be well-formed, without line breaks and control characters')
}

function checkHeaders(validator: Validator, headers: NonNullable<McpAuth['headers']>): void {
  const path = ['auth', 'headers']
  if (!validator.entries(path, headers, maxHeaders, 1)) return
  for (const [i, { name, value }] of headers.entries()) {
    const at = [...path, String(i)]
    if (name.length > maxHeaderNameLength || !token.test(name))
      validator.addIssue([...at, 'name'], 'must be a header name (RFC 9110), at most 256 characters')
    else if (connectionHeaders.has(name.toLowerCase()))
      validator.addIssue([...at, 'name'], 'must not be a header that belongs to the connection')
    checkSecret(validator, [...at, 'value'], value)
  }
  const names = headers.map(({ name }) => name.toLowerCase())
  if (new Set(names).size < names.length) validator.addIssue(path, 'must not name a header twice')
  const size = headers.reduce((sum, { name, value }) => sum + Buffer.byteLength(name) + Buffer.byteLength(value.reveal()), 0)
  if (size > maxHeadersBytes) validator.addIssue(path, `must have at most ${maxHeadersBytes} bytes together`)
}

export function validateAuth(validator: Validator, auth: McpAuth): void {
  if (auth.bearerToken) checkSecret(validator, ['auth', 'bearerToken'], auth.bearerToken)
  if (auth.authorization) checkSecret(validator, ['auth', 'authorization'], auth.authorization)
  if (auth.headers) checkHeaders(validator, auth.headers)
}

/** The end by code points: half a character cannot be stored. */
const maskSecret = (text: string): string => (text.length >= minPreviewedLength ? `****...${/.{4}$/su.exec(text)?.[0]}` : '****')

export function toCredentialValue({ bearerToken, authorization, headers }: McpAuth): CredentialValue {
  const named = { authorizationPreview: null, headerNames: [] }
  if (bearerToken) {
    const text = bearerToken.reveal()
    return { ...named, authType: 'BEARER', authorizationPreview: maskSecret(text), headers: { authorization: `Bearer ${text}` } }
  }
  if (authorization) {
    const text = authorization.reveal()
    return { ...named, authType: 'AUTHORIZATION', authorizationPreview: maskSecret(text), headers: { authorization: text } }
  }
  if (headers) {
    const sent = Object.fromEntries(headers.map(({ name, value }) => [name, value.reveal()]))
    return { ...named, authType: 'HEADERS', headerNames: Object.keys(sent), headers: sent }
  }
  return { ...named, authType: 'NONE', headers: null }
}

export const sealValue = (keys: MasterKeys, credential: McpCredential, { headers }: CredentialValue): string | null =>
  headers && seal(keys, credential.aad(), JSON.stringify(headers))

/**
 * What is sent, by header; null: nothing, by type NONE alone. A value that is missing otherwise is a fault: without it the
 * call would go out unauthenticated. @throws SealError
 */
export function openValue(
  keys: MasterKeys,
  credential: Pick<McpCredential, 'aad' | 'authType' | 'sealedValue'>,
): Record<string, string> | null {
  if ((credential.authType === 'NONE') !== (credential.sealedValue === null))
    throw new SealError('the sealed value of a credential does not fit its type')
  if (credential.sealedValue === null) return null
  return JSON.parse(open(keys, credential.aad(), credential.sealedValue)) as Record<string, string>
}
