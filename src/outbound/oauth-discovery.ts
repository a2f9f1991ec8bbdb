/** Cached OAuth metadata of MCP servers and authorization servers: one look-up at a time for each, errors are not kept. */
import { LRUCache } from 'lru-cache'
import type { AuthorizationServer } from 'oauth4webapi'

import type { Clock } from '../lib/clock.js'
import { fetchAuthorizationServer } from './authorization-server-metadata.js'
import { OAuthClientError, toOAuthClientError } from './oauth-client-error.js'
import { oauthFetch } from './oauth-requests.js'
import type { Outbound } from './outbound.js'
import { fetchProtectedResource, type ProtectedResource } from './protected-resource-metadata.js'

/** Milliseconds for which metadata is kept. */
export const metadataTtlMs = 300_000
/** Milliseconds for which the answer is kept that an issuer has no metadata. */
const missingTtlMs = 60_000
/** Maximum documents of a kind. */
const maxDocuments = 1000

/** Kept apart for each organization: nobody waits for, or shares, the look-up of another tenant. */
export class OAuthDiscovery {
  /** Null: the issuer has no metadata. */
  readonly #servers: LRUCache<string, { readonly metadata: AuthorizationServer | null }>
  readonly #resources: LRUCache<string, ProtectedResource>

  constructor(
    outbound: Outbound,
    private readonly clock: Clock,
  ) {
    const validateUrl = (url: string): string | undefined => outbound.validateUrl(url)
    this.#servers = this.#cache(async (organizationId, issuer, keepFor) => {
      const metadata = await fetchAuthorizationServer(oauthFetch(outbound, organizationId), issuer, validateUrl)
      if (!metadata) keepFor(missingTtlMs)
      return { metadata: metadata ?? null }
    })
    this.#resources = this.#cache((organizationId, url) => fetchProtectedResource(oauthFetch(outbound, organizationId), url))
  }

  /** @throws OAuthClientError */
  async authorizationServer(organizationId: string, issuer: string): Promise<AuthorizationServer> {
    const { metadata } = await this.#servers.forceFetch(`${organizationId} ${issuer}`).catch(this.#rethrow)
    if (!metadata) throw new OAuthClientError('NOT_SUPPORTED')
    return metadata
  }

  /** @throws OAuthClientError */
  async protectedResource(organizationId: string, serverUrl: string): Promise<ProtectedResource> {
    return this.#resources.forceFetch(`${organizationId} ${serverUrl}`).catch(this.#rethrow)
  }

  /**
   * The next look-up in this process asks the server. Until the entry of another process expires, a link made there may lead to
   * the former authorization server. Its tokens stay with it, and the MCP server refuses them.
   */
  forgetProtectedResource(organizationId: string, serverUrl: string): void {
    this.#resources.delete(`${organizationId} ${serverUrl}`)
  }

  readonly #rethrow = (error: unknown): never => {
    throw toOAuthClientError(error, this.clock())
  }

  #cache<T extends object>(
    fetchOne: (organizationId: string, url: string, keepFor: (ms: number) => void) => Promise<T>,
  ): LRUCache<string, T> {
    return new LRUCache<string, T>({
      max: maxDocuments,
      ttl: metadataTtlMs,
      ttlResolution: 0,
      perf: { now: () => this.clock().getTime() },
      // An evicted look-up still answers those who wait for it.
      ignoreFetchAbort: true,
      fetchMethod: (key, _stale, { options }) => {
        const separator = key.indexOf(' ')
        return fetchOne(key.slice(0, separator), key.slice(separator + 1), (ms) => {
          options.ttl = ms
        })
      },
    })
  }
}
