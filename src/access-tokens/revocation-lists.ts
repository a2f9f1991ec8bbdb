/** The revocation lists of a process: the deployment's, and those of the issuers that were asked for last. */
import type { Services } from '../context/services.js'
import { organizationVersion } from '../database/queries/revocations.js'
import type { Issuer } from '../lib/issuer.js'
import { prepareDocument, type PreparedDocument } from '../lib/prepared-document.js'
import { RevocationList } from './revocation-list.js'

export const maxRevocationLists = 1000

export class RevocationLists {
  readonly #deployment
  /** In the order of their last use. */
  readonly #lists = new Map<string, RevocationList>()
  #empty: Promise<PreparedDocument> | undefined

  constructor(private readonly services: Pick<Services, 'queryRunner' | 'clock'>) {
    this.#deployment = new RevocationList(services.queryRunner, services.clock, null)
  }

  ofDeployment(): Promise<PreparedDocument> {
    return this.#deployment.current()
  }

  /** An organization that does not exist has the list of one that never revoked anything. */
  async ofIssuer(issuer: Issuer): Promise<PreparedDocument> {
    const { queryRunner } = this.services
    const name = `${issuer.organizationId} ${issuer.environment}`
    if (!this.#lists.has(name) && !(await queryRunner.read(organizationVersion, [issuer.organizationId]))) {
      return (this.#empty ??= prepareDocument(['{"revokedTokens":[],"revokedClients":[],"revokedSandboxes":[]}']))
    }
    return this.#use(name, issuer).current()
  }

  #use(name: string, issuer: Issuer): RevocationList {
    const list = this.#lists.get(name) ?? new RevocationList(this.services.queryRunner, this.services.clock, issuer)
    this.#lists.delete(name)
    this.#lists.set(name, list)
    const [oldest] = this.#lists.keys()
    if (this.#lists.size > maxRevocationLists && oldest !== undefined) this.#lists.delete(oldest)
    return list
  }
}
