/**
 * The session id that a client sees: the upstream's, bound by an HMAC to server, end user and credential, so that on
 * every replica it is good for the one who began the session and for nobody else.
 */
import { timingSafeEqual } from 'node:crypto'

import type { Actor } from '../../access/actor.js'
import type { DeploymentSecrets } from '../../context.js'
import type { McpServer } from '../../entities/mcp-server.js'
import type { UsableCredential } from './reads.js'

export interface SessionOwner {
  readonly actor: Actor
  readonly server: McpServer
  readonly credential: UsableCredential
}

const macOf = (secrets: DeploymentSecrets, upstream: string, { actor, server, credential }: SessionOwner): string =>
  secrets.mac('mcp_session', JSON.stringify([upstream, server.id, actor.organizationId, actor.endUser?.id ?? null, credential.id]))

export const bindSession = (secrets: DeploymentSecrets, upstream: string, owner: SessionOwner): string =>
  `${Buffer.from(upstream).toString('base64url')}.${macOf(secrets, upstream, owner)}`

/** The upstream's session id; undefined for one that was never issued to this owner. */
export function unbindSession(secrets: DeploymentSecrets, bound: string, owner: SessionOwner): string | undefined {
  const [encoded = '', mac = '', ...rest] = bound.split('.')
  const upstream = Buffer.from(encoded, 'base64url').toString()
  const expected = Buffer.from(macOf(secrets, upstream, owner))
  const given = Buffer.from(mac)
  return rest.length === 0 && given.length === expected.length && timingSafeEqual(given, expected) ? upstream : undefined
}
