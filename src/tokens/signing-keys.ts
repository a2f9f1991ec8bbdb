/** Key pairs that sign tokens: how each algorithm's are made, and how their private halves are kept. */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'

import type { Services } from '../context.js'
import type { SigningKeyState } from '../entities/enums.js'
import { SigningKey } from '../entities/signing-key.js'
import { newId } from '../lib/id.js'
import type { Algorithm } from '../lib/jwt.js'
import { open, seal, type MasterKeys } from '../lib/seal.js'

/** RFC 8037 §2, RFC 7518 §6.2, §6.3; 3072 bits are what NIST SP 800-57 asks for beyond 2030. */
const pairs: Readonly<Record<Algorithm, () => { publicKey: KeyObject; privateKey: KeyObject }>> = {
  EdDSA: () => generateKeyPairSync('ed25519'),
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 3072 }),
}

/** What making and changing them takes: the keys belong to the deployment, so no caller is among it. */
export type KeyOffice = Pick<Services, 'orm' | 'journal' | 'config' | 'masterKeys' | 'clock'>

const boundTo = (kid: string): string[] => ['signing_key', kid]

export function newSigningKey(algorithm: Algorithm, state: SigningKeyState, masterKeys: MasterKeys, now: Date): SigningKey {
  const { publicKey, privateKey } = pairs[algorithm]()
  const id = newId('sk', now)
  return Object.assign(new SigningKey(), {
    id,
    algorithm,
    state,
    publicJwk: { ...publicKey.export({ format: 'jwk' }), kid: id, alg: algorithm, use: 'sig' },
    sealedPrivateKey: seal(masterKeys, boundTo(id), privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()),
    createdAt: now,
    activatedAt: state === 'CURRENT' ? now : null,
    supersededAt: null,
    retiredAt: null,
  })
}

/** @throws SealError */
export const privateKeyOf = (id: string, sealedPrivateKey: string, masterKeys: MasterKeys): KeyObject =>
  createPrivateKey(open(masterKeys, boundTo(id), sealedPrivateKey))
