/** Deployment secrets: random HMAC keys, created by the first process that starts and sealed in the database. */
import { createHmac, createSecretKey, randomBytes, type KeyObject } from 'node:crypto'

import type { MikroORM } from '@mikro-orm/core'

import { DeploymentSecret, deploymentSecretAad } from '../entities/deployment-secret.js'
import type { Clock } from '../lib/clock.js'
import { open, seal, type MasterKeys } from '../lib/crypto/seal.js'

export interface DeploymentSecrets {
  /** HMAC-SHA-256 in hex; the same in every process, and after a change of master key. */
  mac(purpose: SecretPurpose, text: string): string
}

/** Purposes of MACs; each has its own key. */
export const secretPurposes = [
  'idempotency',
  'mcp_session',
  'cdn_loop',
  'sign_in',
  'oauth_client',
  'mcp_connection',
  'mcp_elicitation',
] as const

export type SecretPurpose = (typeof secretPurposes)[number]

/**
 * Loads the keys and creates missing ones; the caller holds the startup lock. The keys stay in memory unsealed: a reseal
 * changes their envelopes, never their values.
 * @throws SealError
 */
export async function loadDeploymentSecrets(orm: MikroORM, masterKeys: MasterKeys, clock: Clock): Promise<DeploymentSecrets> {
  const em = orm.em.fork()
  const keys = {} as Record<SecretPurpose, KeyObject>
  for (const id of secretPurposes) {
    let secret = await em.findOne(DeploymentSecret, { id })
    if (!secret) {
      const sealedValue = seal(masterKeys, deploymentSecretAad(id), randomBytes(32).toString('base64url'))
      secret = Object.assign(new DeploymentSecret(), { id, sealedValue, createdAt: clock() })
      em.persist(secret)
    }
    keys[id] = createSecretKey(Buffer.from(open(masterKeys, deploymentSecretAad(id), secret.sealedValue), 'base64url'))
  }
  await em.flush()
  return { mac: (purpose, text) => createHmac('sha256', keys[purpose]).update(text).digest('hex') }
}

/** Deployment id for the CDN-Loop header (RFC 8586): the same in every process, and public, since MCP servers see it. */
export const getDeploymentId = (secrets: DeploymentSecrets): string => `keyhouse-${secrets.mac('cdn_loop', 'id').slice(0, 32)}`
