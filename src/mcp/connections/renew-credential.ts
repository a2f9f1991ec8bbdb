/**
 * Renews the access token of an OAUTH credential before it expires, or after the server refused it. One process renews at a
 * time; the others wait for its result. A renewal outlives the request that caused it, since its response replaces a secret.
 */
import { setTimeout as wait } from 'node:timers/promises'

import type { Context } from '../../context/context.js'
import type { Services } from '../../context/services.js'
import { releaseRefreshLease, takeRefreshLease } from '../../database/queries/mcp-connections.js'
import { findCredentialOfAnyOwner } from '../../database/unscoped-queries.js'
import type { McpCredential } from '../../entities/mcp-credential.js'
import type { McpServer } from '../../entities/mcp-server.js'
import { runStatements } from '../../journal/maintain-rows.js'
import { startTimer } from '../../lib/clock.js'
import { OAuthClientError } from '../../outbound/oauth-client-error.js'
import type { UsableCredential } from '../credentials/open-credential.js'
import { requestRenewal } from './request-renewal.js'

/** Milliseconds of a lease: time for look-ups before the request. A process that crashed holds it no longer. */
export const leaseMs = 30_000
/** Milliseconds that a renewal by another process is waited for. */
const maxWaitMs = 25_000
const pollMs = 100
/** Milliseconds until the next attempt after a failure, where the authorization server names no time. */
export const retryMs = 15_000

/** Renewed: the values to use from now on. LOST: the account must be connected again. GONE: revoked meanwhile. */
export type Renewal = UsableCredential | 'LOST' | 'GONE'

export const isRenewable = ({ authType }: Pick<McpCredential, 'authType'>): boolean => authType === 'OAUTH'

/** Whether the access token has expired, or will soon. */
export const needsRenewal = ({ authType, renewAt }: UsableCredential, now: Date): boolean =>
  authType === 'OAUTH' && renewAt !== null && renewAt <= now

/** @param seen the credential whose value is refused or about to expire @throws OAuthClientError, if it may succeed later */
export async function renewCredential(
  { services }: Pick<Context, 'services'>,
  server: McpServer,
  seen: UsableCredential,
): Promise<Renewal> {
  const task = `renew ${seen.id} ${seen.refreshVersion}`
  return services.tokenTasks.run(task, () => renew(services, server, seen))
}

async function renew(services: Services, server: McpServer, seen: UsableCredential): Promise<Renewal> {
  const elapsed = startTimer()
  while (elapsed() * 1000 < maxWaitMs) {
    const credential = await findCredentialOfAnyOwner(services.orm, seen)
    if (!credential || credential.revokedAt || credential.version !== seen.version) return 'GONE'
    if (credential.healthStatus === 'RECONNECT_REQUIRED') return 'LOST'
    if (credential.refreshVersion !== seen.refreshVersion) return credential
    const failure = services.renewalFailures.get(seen.id)
    if (failure) throw failure
    const until = new Date(services.clock().getTime() + leaseMs)
    if (await takeLease(services, credential, until)) return renewWithLease(services, server, credential, until)
    await wait(pollMs)
  }
  throw new OAuthClientError('TIMEOUT')
}

/** Keeps others from asking until its time has passed. */
export const rememberFailure = ({ renewalFailures }: Services, id: string, error: OAuthClientError): void =>
  // An entry is valid at its last millisecond.
  void renewalFailures.set(id, error, { ttl: (error.retryAfterMs ?? retryMs) - 1 })

async function renewWithLease(services: Services, server: McpServer, credential: McpCredential, until: Date): Promise<Renewal> {
  try {
    const renewal = await requestRenewal(services, server, credential, until)
    // The next connection asks the server anew: it may name another authorization server by now.
    if (renewal === 'LOST') services.oauthDiscovery.forgetProtectedResource(server.organizationId, server.serverUrl)
    return renewal
  } catch (error) {
    if (error instanceof OAuthClientError) rememberFailure(services, credential.id, error)
    await runStatements(services, ({ run }) => run(releaseRefreshLease, credential.id, until))
    throw error
  }
}

const takeLease = async (services: Services, { id, refreshVersion }: McpCredential, until: Date): Promise<boolean> =>
  (await runStatements(services, ({ run }) => run(takeRefreshLease, until, id, refreshVersion, services.clock()))) === 1
