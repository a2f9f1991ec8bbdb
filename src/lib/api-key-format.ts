/**
 * API key format: `<prefix>_<sand|prod>_`, 32 random base62 characters, then a CRC-32 as 6 base62 characters.
 * The checksum lets secret scanners recognise a leaked key, and tells our keys from imported ones.
 */
import { randomFillSync } from 'node:crypto'
import { crc32 } from 'node:zlib'

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const markers = { SANDBOX: 'sand', PRODUCTION: 'prod' } as const

/** Pattern for secret scanners; it matches every prefix that a deployment may configure. */
export const apiKeyPattern = /^([a-z][a-z0-9]{0,15})_(sand|prod)_([0-9A-Za-z]{32})([0-9A-Za-z]{6})$/

export interface ParsedApiKey {
  readonly prefix: string
  readonly environment: keyof typeof markers
}

function checksum(text: string): string {
  let remainder = crc32(text)
  let digits = ''
  for (let i = 0; i < 6; i++) {
    digits = alphabet.charAt(remainder % 62) + digits
    remainder = Math.floor(remainder / 62)
  }
  return digits
}

function randomBase62(length: number): string {
  const bytes = Buffer.alloc(64)
  let text = ''
  while (text.length < length) {
    for (const byte of randomFillSync(bytes)) {
      // 248 is the largest multiple of 62 in a byte; greater bytes would favour the first characters (modulo bias).
      if (byte < 248 && text.length < length) text += alphabet.charAt(byte % 62)
    }
  }
  return text
}

export function generateApiKey(prefix: string, environment: keyof typeof markers): string {
  const body = `${prefix}_${markers[environment]}_${randomBase62(32)}`
  return body + checksum(body)
}

/** Undefined for a wrong format or checksum. Any prefix is accepted, so keys outlive a change of the prefix. */
export function parseApiKey(text: string): ParsedApiKey | undefined {
  const match = apiKeyPattern.exec(text)
  if (!match || checksum(text.slice(0, -6)) !== text.slice(-6)) return undefined
  return { prefix: match[1]!, environment: match[2] === 'sand' ? 'SANDBOX' : 'PRODUCTION' }
}

/** Masked key, such as `kh_sand_****1234`: identifies a key in a list without disclosing it. */
export function maskApiKey(text: string): string {
  return `${text.slice(0, text.lastIndexOf('_') + 1)}****${text.slice(-4)}`
}
