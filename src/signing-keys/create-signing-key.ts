/** Creates key pairs that sign tokens, and seals and opens their private keys. */
import { createPrivateKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'

import type { MikroORM } from '@mikro-orm/core'
import type { Logger } from 'pino'

import type { Config } from '../config/config.js'
import type { QueryRunner } from '../database/query-runner.js'
import { SigningKey, privateKeyAad } from '../entities/signing-key.js'
import type { Journal } from '../journal/journal.js'
import type { Clock } from '../lib/clock.js'
import type { Algorithm } from '../lib/crypto/jwt.js'
import { open, seal, type MasterKeys } from '../lib/crypto/seal.js'
import { newId } from '../lib/id.js'

// Asynchronous: an RSA key pair takes most of a second, which would block the event loop.
const generateKeyPairAsync = promisify(generateKeyPair)

/** RFC 8037 §2, RFC 7518 §6.2, §6.3; NIST SP 800-57 requires 3072 bits beyond 2030. */
const generators: Readonly<Record<Algorithm, () => Promise<{ publicKey: KeyObject; privateKey: KeyObject }>>> = {
  EdDSA: () => generateKeyPairAsync('ed25519'),
  ES256: () => generateKeyPairAsync('ec', { namedCurve: 'P-256' }),
  RS256: () => generateKeyPairAsync('rsa', { modulusLength: 3072 }),
}

/** Dependencies of signing key changes. The keys belong to the deployment, so there is no actor. */
export interface SigningKeyDeps {
  readonly orm: MikroORM
  readonly journal: Journal
  readonly queryRunner: QueryRunner
  readonly config: Config
  readonly masterKeys: MasterKeys
  readonly clock: Clock
  readonly log: Logger
}

/** Generates a key before the transaction that publishes it, which must then reset `createdAt`. */
export async function createSigningKey(
  { config, masterKeys, clock }: Pick<SigningKeyDeps, 'config' | 'masterKeys' | 'clock'>,
  state: 'CURRENT' | 'NEXT',
): Promise<SigningKey> {
  const algorithm = config.jwtAlgorithm
  const now = clock()
  const { publicKey, privateKey } = await generators[algorithm]()
  const id = newId('sk', now)
  return Object.assign(new SigningKey(), {
    id,
    algorithm,
    state,
    publicJwk: { ...publicKey.export({ format: 'jwk' }), kid: id, alg: algorithm, use: 'sig' },
    sealedPrivateKey: seal(masterKeys, privateKeyAad(id), privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()),
    createdAt: now,
    activatedAt: state === 'CURRENT' ? now : null,
    supersededAt: null,
    retiredAt: null,
  })
}

/** Opens a sealed private key. @throws SealError */
export const openPrivateKey = (id: string, sealedPrivateKey: string, masterKeys: MasterKeys): KeyObject =>
  createPrivateKey(open(masterKeys, privateKeyAad(id), sealedPrivateKey))
