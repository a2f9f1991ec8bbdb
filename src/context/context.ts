/** What one request carries: who asks, for whom, and what the rooms need to serve it. */
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

export class Context {
  private ownEm: EntityManager | undefined
  private cachedOrganizationEm: EntityManager | undefined
  private loaders: Map<string, DataLoader<string, object | null>> | undefined
  private queryRunner: TenantQueryRunner | undefined
  /** A change is under way: one within another would wait for ever. */
  inTransaction = false
  /** Nothing new is begun when nobody waits for the answer any more. Null: it is done whoever waits. */
  deadline: { throwIfExpired(): void } | null = null
  /** How much of this request was counted in usage. */
  usageCount = 0

  constructor(
    readonly app: Services,
    readonly origin: RequestOrigin,
    /** Null: nobody said who they are. */
    public actorOrNull: Actor | null,
    /** Looks at the same credential again. @throws RequestError when it is no longer good. */
    private readonly reauthenticate: () => Promise<Actor>,
  ) {}

  /** @throws RequestError UNAUTHENTICATED when nobody said who they are. */
  get actor(): Actor {
    if (!this.actorOrNull) throw missingCredential()
    return this.actorOrNull
  }

  /** Sees what the caller sees. Made at first use: an exchange never needs one. */
  get em(): EntityManager {
    return (this.ownEm ??= this.newEm(this.actor))
  }

  now(): Date {
    return this.app.clock()
  }

  /** Counts something in usage, if anyone is there to count it for. */
  recordUsage(operation: string | null, isDenied: boolean): void {
    if (!this.actorOrNull) return
    this.usageCount++
    this.app.writeBehind.recordUsage({ actor: this.actorOrNull, operation, isDenied, at: this.now() })
  }

  /** The caller as it is now, after its standing was found to have changed. */
  async refreshActor(): Promise<Actor> {
    this.actorOrNull = await this.reauthenticate()
    this.clearCaches()
    return this.actorOrNull
  }

  /** Drops what was read, after a change. */
  clearCaches(): void {
    this.ownEm = undefined
    this.cachedOrganizationEm = undefined
    this.loaders = undefined
  }

  /** The rows of a list, count, aggregate or search. @throws RequestError CONCURRENCY_LIMITED, QUERY_TIMEOUT, UNAVAILABLE */
  query(query: TenantQuery): Promise<readonly Row[]> {
    const { organizationId } = this.actor
    this.queryRunner ??= this.app.queries.forRequest(organizationId, () => this.deadline?.throwIfExpired())
    return this.queryRunner.run(query)
  }

  /** One row by id as the caller sees it, with all others of its kind that this turn of the loop asks for. */
  load<T extends { id: string }>(entity: new () => T, id: string): Promise<T | null> {
    return this.loadWithin(this.em, entity.name, entity, id)
  }

  /** What a visible object stands in or belongs to is readable with it, wherever in its organization. */
  loadInOrganization<T extends { id: string }>(visible: { organizationId: string }, entity: new () => T, id: string): Promise<T | null> {
    return this.loadWithin(this.organizationEm(visible), `any ${entity.name}`, entity, id)
  }

  /** The same by another column that no two rows share. */
  loadInOrganizationBy<T extends { id: string }>(
    visible: { organizationId: string },
    entity: new () => T,
    column: keyof T & string,
    value: string,
  ): Promise<T | null> {
    return this.loadWithin(this.organizationEm(visible), `any ${entity.name} by ${column}`, entity, value, column)
  }

  /** Sees the whole organization of a visible object. */
  organizationEm({ organizationId }: { organizationId: string }): EntityManager {
    return (this.cachedOrganizationEm ??= this.newEm({ organizationId, projectIds: null, environment: null }))
  }

  /** The same request by the bearer of a token that is itself the subject of the change. */
  withActor(caller: Actor): Context {
    return Object.assign(new Context(this.app, this.origin, caller, () => Promise.resolve(caller)), { deadline: this.deadline })
  }

  private async loadWithin<T extends { id: string }>(
    em: EntityManager,
    name: string,
    entity: new () => T,
    value: string,
    column: keyof T & string = 'id',
  ): Promise<T | null> {
    const loaders = (this.loaders ??= new Map<string, DataLoader<string, object | null>>())
    let loader = loaders.get(name)
    if (!loader) {
      loader = new DataLoader(async (values) => {
        const rows = await em.find<T>(entity, { [column]: { $in: values } } as object)
        const byValue = new Map(rows.map((row) => [row[column] as string, row]))
        return values.map((one) => byValue.get(one) ?? null)
      })
      loaders.set(name, loader)
    }
    return (await loader.load(value)) as T | null
  }

  private newEm({ organizationId, projectIds, environment }: Scope): EntityManager {
    this.deadline?.throwIfExpired()
    const em = this.app.orm.em.fork()
    em.setFilterParams('tenant', { organizationId, projectIds, environment })
    // Without a caller the filter has no parameters, and throws.
    if (this.actorOrNull) em.setFilterParams('owner', toOwnerScope(this.actorOrNull))
    return em
  }
}

/** What the command line and the sweepers act in. */
export function systemContext(app: Services, organizationId: string): Context {
  const actor = systemActor(organizationId)
  return new Context(app, { requestId: newId('req', app.clock()), ipAddress: null }, actor, () => Promise.resolve(actor))
}
