/** The process's revocation lists: one for the deployment, and an LRU cache of one for each issuer. */
import { LRUCache } from 'lru-cache'

import type { Services } from '../context/services.js'
import { organizationVersion } from '../database/queries/revocations.js'
import type { Issuer } from '../lib/issuer.js'
import { prepareDocument, type PreparedDocument } from '../lib/prepared-document.js'
import { RevocationList } from './revocation-list.js'

/** Issuer lists kept in memory. */
export const maxRevocationLists = 1000

export class RevocationLists {
  readonly #deployment
  /** By organization and environment. */
  readonly #lists: LRUCache<string, RevocationList, Issuer>
  #empty: Promise<PreparedDocument> | undefined

  constructor(private readonly services: Pick<Services, 'queryRunner' | 'clock'>) {
    this.#deployment = new RevocationList(services.queryRunner, services.clock, null)
    this.#lists = new LRUCache({
      max: maxRevocationLists,
      memoMethod: (_key, _stale, { context }) => new RevocationList(services.queryRunner, services.clock, context),
    })
  }

  ofDeployment(): Promise<PreparedDocument> {
    return this.#deployment.current()
  }

  /** An unknown organization gets the same list as one without revocations. */
  async ofIssuer(issuer: Issuer): Promise<PreparedDocument> {
    const { queryRunner } = this.services
    const cacheKey = `${issuer.organizationId} ${issuer.environment}`
    if (!this.#lists.has(cacheKey) && !(await queryRunner.read(organizationVersion, [issuer.organizationId]))) {
      return (this.#empty ??= prepareDocument(['{"revokedTokens":[],"revokedClients":[],"revokedSandboxes":[]}']))
    }
    return this.#lists.memo(cacheKey, { context: issuer }).current()
  }
}
