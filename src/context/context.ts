/** Request context: the actor, its data loaders and entity managers, and the services of the process. */
import type { EntityManager } from '@mikro-orm/core'
import DataLoader from 'dataloader'

import { toOwnerScope, systemActor, type Actor } from '../access/actor.js'
import type { TenantQuery, TenantQueryRunner } from '../database/query-runner.js'
import type { Row } from '../database/row-mapper.js'
import type { Scope } from '../entities/tenant-filter.js'
import { missingCredential } from '../lib/errors.js'
import { newId } from '../lib/id.js'
import type { Services } from './services.js'

type RequestOrigin = Readonly<{ requestId: string; ipAddress: string | null }>

/** Context of one request, or of one system task ({@link systemContext}). */
export class Context {
  private actorEm: EntityManager | undefined
  private cachedOrganizationEm: EntityManager | undefined
  private loaders: Map<string, DataLoader<string, object | null>> | undefined
  private queryRunner: TenantQueryRunner | undefined
  /** Whether a change is in progress. A nested change would deadlock, so {@link perform} rejects it. */
  inTransaction = false
  /** Response deadline: no new work starts after a timeout or client disconnect. Null: no deadline. */
  deadline: { throwIfExpired(): void } | null = null
  /** Whether an operation of this request was recorded in usage. */
  isUsageRecorded = false

  constructor(
    readonly services: Services,
    readonly origin: RequestOrigin,
    /** Null: the request has no credential. */
    public actorOrNull: Actor | null,
    /** Authenticates the same credential again. @throws RequestError if it is no longer valid */
    private readonly reauthenticate: () => Promise<Actor>,
  ) {}

  /** @throws RequestError UNAUTHENTICATED without a credential */
  get actor(): Actor {
    if (!this.actorOrNull) throw missingCredential()
    return this.actorOrNull
  }

  /** Entity manager scoped to the actor. Created at first use, since a token exchange needs none. */
  get em(): EntityManager {
    return (this.actorEm ??= this.newEm(this.actor))
  }

  now(): Date {
    return this.services.clock()
  }

  /** Records usage for the actor; does nothing without one. @param operation null if the request failed before it was known */
  recordUsage(operation: string | null, isDenied: boolean): void {
    if (!this.actorOrNull) return
    this.isUsageRecorded = true
    this.services.writeBehind.recordUsage({ actor: this.actorOrNull, operation, isDenied, at: this.now() })
  }

  /** Authenticates again, after a CredentialChangedError. @throws RequestError if the credential is no longer valid */
  async refreshActor(): Promise<Actor> {
    this.actorOrNull = await this.reauthenticate()
    this.clearCaches()
    return this.actorOrNull
  }

  /** Clears loaders and entity managers, whose rows are stale after a change. */
  clearCaches(): void {
    this.actorEm = undefined
    this.cachedOrganizationEm = undefined
    this.loaders = undefined
  }

  /** Runs a list, count, aggregate or search query. @throws RequestError CONCURRENCY_LIMITED, QUERY_TIMEOUT or UNAVAILABLE */
  query(query: TenantQuery): Promise<readonly Row[]> {
    const { organizationId } = this.actor
    this.queryRunner ??= this.services.queries.forRequest(organizationId, () => this.deadline?.throwIfExpired())
    return this.queryRunner.run(query)
  }

  /** Loads a row visible to the actor by id, batched with other loads of the entity; null if there is none. */
  load<T extends { id: string }>(entity: new () => T, id: string): Promise<T | null> {
    return this.loadWithin(this.em, entity.name, entity, id)
  }

  /**
   * Loads a row that a visible object refers to, from its whole organization: a visible object's parents are readable with it.
   */
  loadInOrganization<T extends { id: string }>(visible: { organizationId: string }, entity: new () => T, id: string): Promise<T | null> {
    return this.loadWithin(this.organizationEm(visible), `any ${entity.name}`, entity, id)
  }

  /** Like {@link loadInOrganization}, by another unique column. */
  loadInOrganizationBy<T extends { id: string }>(
    visible: { organizationId: string },
    entity: new () => T,
    column: keyof T & string,
    value: string,
  ): Promise<T | null> {
    return this.loadWithin(this.organizationEm(visible), `any ${entity.name} by ${column}`, entity, value, column)
  }

  /** Entity manager scoped to the whole organization of a visible object. */
  organizationEm({ organizationId }: { organizationId: string }): EntityManager {
    return (this.cachedOrganizationEm ??= this.newEm({ organizationId, projectIds: null, environment: null }))
  }

  /** The same request as another actor: the bearer of an invitation or sign-in token, which is the target of the change. */
  withActor(actor: Actor): Context {
    return Object.assign(new Context(this.services, this.origin, actor, () => Promise.resolve(actor)), { deadline: this.deadline })
  }

  private async loadWithin<T extends { id: string }>(
    em: EntityManager,
    loaderKey: string,
    entity: new () => T,
    value: string,
    column: keyof T & string = 'id',
  ): Promise<T | null> {
    const loaders = (this.loaders ??= new Map<string, DataLoader<string, object | null>>())
    let loader = loaders.get(loaderKey)
    if (!loader) {
      loader = new DataLoader(async (values) => {
        const rows = await em.find<T>(entity, { [column]: { $in: values } } as object)
        const byValue = new Map(rows.map((row) => [row[column] as string, row]))
        return values.map((key) => byValue.get(key) ?? null)
      })
      loaders.set(loaderKey, loader)
    }
    return (await loader.load(value)) as T | null
  }

  private newEm({ organizationId, projectIds, environment }: Scope): EntityManager {
    this.deadline?.throwIfExpired()
    const em = this.services.orm.em.fork()
    em.setFilterParams('tenant', { organizationId, projectIds, environment })
    // Without an actor the filter has no parameters, so queries on owned rows throw.
    if (this.actorOrNull) em.setFilterParams('owner', toOwnerScope(this.actorOrNull))
    return em
  }
}

/** Context of the command line and of background jobs in one organization. */
export function systemContext(services: Services, organizationId: string): Context {
  const actor = systemActor(organizationId)
  return new Context(services, { requestId: newId('req', services.clock()), ipAddress: null }, actor, () => Promise.resolve(actor))
}
