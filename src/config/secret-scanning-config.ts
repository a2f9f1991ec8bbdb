/** Source of GitHub's public keys for reports of its secret scanning, from `KEYHOUSE_GITHUB_SECRET_SCANNING_KEYS`. */
import type { KeyObject } from 'node:crypto'

import { parseP256Key } from '../lib/crypto/p256-key.js'
import type { EnvReader } from './env-reader.js'

/** The URL where GitHub publishes its keys, or the keys themselves. */
export type SecretScanningKeys = { readonly url: string } | { readonly keys: readonly KeyObject[] }

const pemPattern = /-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----/g

/** Undefined: the endpoint is off. */
export function readSecretScanningKeys(reader: EnvReader): SecretScanningKeys | undefined {
  const text = reader.text('KEYHOUSE_GITHUB_SECRET_SCANNING_KEYS')
  if (text === undefined) return undefined
  if (/^https?:\/\//.test(text) && URL.canParse(text)) return { url: text }
  // A variable in a file has one line: there a line feed is written as two characters.
  const keys = (text.replaceAll(String.raw`\n`, '\n').match(pemPattern) ?? []).map(parseP256Key)
  if (keys.length === 0 || keys.includes(undefined)) {
    reader.rejectVariable(
      'KEYHOUSE_GITHUB_SECRET_SCANNING_KEYS',
      'must be a URL, such as https://api.github.com/meta/public_keys/secret_scanning, or public keys of the curve P-256 in PEM',
    )
  }
  return { keys: keys.filter((key) => key !== undefined) }
}
