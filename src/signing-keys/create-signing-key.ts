/** Key pairs that sign tokens: how each algorithm's are made, and how their private halves are kept. */
import { createPrivateKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'

import type { Services } from '../context/services.js'
import { SigningKey, privateKeyBoundTo } from '../entities/signing-key.js'
import { newId } from '../lib/id.js'
import type { Algorithm } from '../lib/jwt.js'
import { open, seal, type MasterKeys } from '../lib/seal.js'

// An RSA pair takes the better part of a second, in which others are to be served.
const make = promisify(generateKeyPair)

/** RFC 8037 §2, RFC 7518 §6.2, §6.3; 3072 bits are what NIST SP 800-57 asks for beyond 2030. */
const pairs: Readonly<Record<Algorithm, () => Promise<{ publicKey: KeyObject; privateKey: KeyObject }>>> = {
  EdDSA: () => make('ed25519'),
  ES256: () => make('ec', { namedCurve: 'P-256' }),
  RS256: () => make('rsa', { modulusLength: 3072 }),
}

/** What making and changing them takes: the keys belong to the deployment, so no caller is among it. */
export type KeyOffice = Pick<Services, 'orm' | 'journal' | 'config' | 'masterKeys' | 'clock'>

/** Made before the transaction that publishes it, which then must set the time anew. */
export async function newSigningKey(
  { config, masterKeys, clock }: Pick<KeyOffice, 'config' | 'masterKeys' | 'clock'>,
  state: 'CURRENT' | 'NEXT',
): Promise<SigningKey> {
  const algorithm = config.jwtAlgorithm
  const now = clock()
  const { publicKey, privateKey } = await pairs[algorithm]()
  const id = newId('sk', now)
  return Object.assign(new SigningKey(), {
    id,
    algorithm,
    state,
    publicJwk: { ...publicKey.export({ format: 'jwk' }), kid: id, alg: algorithm, use: 'sig' },
    sealedPrivateKey: seal(masterKeys, privateKeyBoundTo(id), privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()),
    createdAt: now,
    activatedAt: state === 'CURRENT' ? now : null,
    supersededAt: null,
    retiredAt: null,
  })
}

/** @throws SealError */
export const privateKeyOf = (id: string, sealedPrivateKey: string, masterKeys: MasterKeys): KeyObject =>
  createPrivateKey(open(masterKeys, privateKeyBoundTo(id), sealedPrivateKey))
