/**
 * The text of an API key: `<prefix>_<sand|prod>_` + 32 random base62 characters + 6 characters of CRC-32.
 * The checksum lets a typo be refused without a look-up and lets a scanner recognise a leaked key.
 */
import { randomFillSync } from 'node:crypto'
import { crc32 } from 'node:zlib'

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const markers = { SANDBOX: 'sand', PRODUCTION: 'prod' } as const

/** What a secret scanner looks for, whatever prefix a deployment has chosen. */
export const apiKeyPattern = /^([a-z][a-z0-9]{0,15})_(sand|prod)_([0-9A-Za-z]{32})([0-9A-Za-z]{6})$/

export interface ParsedApiKey {
  readonly prefix: string
  readonly environment: keyof typeof markers
}

function checksum(text: string): string {
  let rest = crc32(text)
  let digits = ''
  for (let i = 0; i < 6; i++) {
    digits = alphabet.charAt(rest % 62) + digits
    rest = Math.floor(rest / 62)
  }
  return digits
}

function randomBase62(length: number): string {
  const bytes = Buffer.alloc(64)
  let text = ''
  while (text.length < length) {
    for (const byte of randomFillSync(bytes)) {
      // 248 is the largest multiple of 62 in a byte; the rest would favour the first characters.
      if (byte < 248 && text.length < length) text += alphabet.charAt(byte % 62)
    }
  }
  return text
}

export function generateApiKey(prefix: string, environment: keyof typeof markers): string {
  const body = `${prefix}_${markers[environment]}_${randomBase62(32)}`
  return body + checksum(body)
}

/** Undefined for whatever cannot be a key; a text under an older prefix is as good as any. */
export function parseApiKey(text: string): ParsedApiKey | undefined {
  const match = apiKeyPattern.exec(text)
  if (!match || checksum(text.slice(0, -6)) !== text.slice(-6)) return undefined
  return { prefix: match[1]!, environment: match[2] === 'sand' ? 'SANDBOX' : 'PRODUCTION' }
}

/** `kh_sand_****1234`: enough to recognise a key in a list, nothing to guess it by. */
export function maskApiKey(text: string): string {
  return `${text.slice(0, text.lastIndexOf('_') + 1)}****${text.slice(-4)}`
}
