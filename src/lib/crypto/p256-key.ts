/** Public keys of ECDSA on the curve P-256 with SHA-256, as GitHub's ECDSA-NIST-P256V1-SHA256. */
import { createPublicKey, verify, type KeyObject } from 'node:crypto'

/** Undefined for any other key. */
export function parseP256Key(pem: string): KeyObject | undefined {
  try {
    const key = createPublicKey(pem)
    return key.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? key : undefined
  } catch {
    return undefined
  }
}

/** @param signature in DER, as base64 */
export const verifyP256 = (key: KeyObject, data: Buffer, signature: string): boolean =>
  verify('sha256', data, key, Buffer.from(signature, 'base64'))
