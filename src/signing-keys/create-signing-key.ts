/** Key pairs that sign tokens: how each algorithm's are made, and how their private halves are kept. */
import { createPrivateKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'

import type { MikroORM } from '@mikro-orm/core'
import type { Logger } from 'pino'

import type { Config } from '../config/config.js'
import type { QueryRunner } from '../database/query-runner.js'
import { SigningKey, privateKeyAad } from '../entities/signing-key.js'
import type { Journal } from '../journal/journal.js'
import type { Clock } from '../lib/clock.js'
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
export interface SigningKeyDeps {
  readonly orm: MikroORM
  readonly journal: Journal
  readonly queryRunner: QueryRunner
  readonly config: Config
  readonly masterKeys: MasterKeys
  readonly clock: Clock
  readonly log: Logger
}

/** Made before the transaction that publishes it, which then must set the time anew. */
export async function createSigningKey(
  { config, masterKeys, clock }: Pick<SigningKeyDeps, 'config' | 'masterKeys' | 'clock'>,
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
    sealedPrivateKey: seal(masterKeys, privateKeyAad(id), privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()),
    createdAt: now,
    activatedAt: state === 'CURRENT' ? now : null,
    supersededAt: null,
    retiredAt: null,
  })
}

/** @throws SealError */
export const openPrivateKey = (id: string, sealedPrivateKey: string, masterKeys: MasterKeys): KeyObject =>
  createPrivateKey(open(masterKeys, privateKeyAad(id), sealedPrivateKey))
