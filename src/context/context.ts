/** What one request carries: who asks, for whom, and what the rooms need to serve it. */
import type { EntityManager, MikroORM } from '@mikro-orm/core'
import DataLoader from 'dataloader'
import type { Logger } from 'pino'

import { ownershipOf, systemActor, type Actor } from '../access/actor.js'
import type { Config } from '../config/config.js'
import type { TenantLimits } from '../config/limits-config.js'
import type { TenantQueries, TenantQuery, TenantQueryRunner } from '../database/queries/credentials.js'
import type { Row } from '../database/row-mapper.js'
import type { Scope } from '../entities/tenant-filter.js'
import type { EventDraft } from '../journal/chain.js'
import type { Journal } from '../journal/journal.js'
import type { Clock } from '../lib/clock.js'
import type { ConcurrencyLimiter } from '../lib/concurrency.js'
import { missingCredential } from '../lib/errors.js'
import type { Admission, Limit, WindowCounters } from '../lib/fixed-window.js'
import { newId } from '../lib/id.js'
import type { MasterKeys } from '../lib/seal.js'
import type { Metrics } from '../observability/metrics.js'
import type { Outbound } from '../outbound/outbound.js'
import type { VerificationQueue } from '../rate-limits/verification-queue.js'

/** Signs what this deployment issues. */
export interface Keyring {
  /** @throws SealError when the master keys do not open what this database holds. */
  prove(): Promise<void>
  /** A signed token and the `kid` that signed it. */
  sign(typ: 'at+jwt' | 'kh-personal+jwt' | 'kh-audit-checkpoint+jws', claims: object): Promise<{ text: string; kid: string }>
  /** The claims of a token of ours, whatever its time; undefined for one of a key that was withdrawn, and for anything else. */
  verify(text: string, typ: 'at+jwt' | 'kh-personal+jwt', gate?: SignatureGate): Promise<Readonly<Record<string, unknown>> | undefined>
}

/** Stands before cryptography, for tokens of callers that are not known yet. */
export interface SignatureGate {
  /** Resolves when the signature may be verified. @throws RequestError when nobody waits for the answer any more */
  enter(): Promise<void>
  /** The signature did not verify. */
  failed(): void
}

/** What may be written a second late, and lost by a crash: times of last use, and usage. */
export interface WriteBehind {
  keyUsed(id: string, at: Date): void
  personalTokenUsed(id: string, at: Date): void
  endUserSeen(id: string, at: Date): void
  credentialUsed(id: string, at: Date): void
  /** Adds to the usage of its key, end user and operation. */
  used(use: Use): void
  /** Ends when all of it is written. */
  flush(): Promise<void>
}

/** Lets a key through as often as its limits say; asked only about keys that have some. */
export interface Limiter {
  /** Counts one in each window, or in none when one of them is full. */
  take(key: { id: string; organizationId: string; rateLimits: readonly Limit[] }, now: Date): Promise<Admission>
}

/** One thing that was asked for, by whom, for whom. */
export interface Use {
  readonly actor: Actor
  /** A root field of the schema, or what else was used; null when the request was refused before that was known. */
  readonly operation: string | null
  readonly isDenied: boolean
  readonly at: Date
}

/** Where refusals are recorded, a flood of them gathered (journal/refusal-journal.ts). */
export interface Refusals {
  /** Resolves when the event is on disk, or gathered. */
  record(event: EventDraft): Promise<void>
  /** Writes what is gathered, without waiting for the end of its minute. */
  flush(): Promise<void>
}

/** Random keys of the deployment, sealed in the database. */
export interface DeploymentSecrets {
  /** HMAC-SHA-256 in hex; the same in every process, and after a change of master key. */
  mac(purpose: SecretPurpose, text: string): string
}
/** Each has a key of its own. */
export const secretPurposes = ['idempotency', 'mcp_session', 'cdn_loop'] as const
export type SecretPurpose = (typeof secretPurposes)[number]

/** What one process shares among its requests. */
export interface Services {
  readonly config: Config
  /** `config.limits`, fitted to the descriptors that this process may have. */
  readonly limits: TenantLimits
  /** Inbound connections at once. */
  readonly maxConnections: number
  readonly clock: Clock
  readonly orm: MikroORM
  readonly journal: Journal
  readonly queries: TenantQueries
  readonly keyring: Keyring
  readonly masterKeys: MasterKeys
  readonly outbound: Outbound
  /** Exchanges with MCP servers under way in this process. */
  readonly inFlight: ConcurrencyLimiter
  readonly refusals: Refusals
  readonly writeBehind: WriteBehind
  readonly limiter: Limiter
  /** Who sent malformed or unknown credentials lately, by address. */
  readonly strangers: WindowCounters
  readonly verifications: VerificationQueue
  readonly secrets: DeploymentSecrets
  readonly metrics: Metrics
  readonly log: Logger
}

type Origin = Readonly<{ requestId: string; ipAddress: string | null }>

export class Context {
  private ownEm: EntityManager | undefined
  private organizationEm: EntityManager | undefined
  private loaders: Map<string, DataLoader<string, object | null>> | undefined
  private queryRunner: TenantQueryRunner | undefined
  /** A change is under way: one within another would wait for ever. */
  isPerforming = false
  /** Nothing new is begun when nobody waits for the answer any more. Null: it is done whoever waits. */
  waiting: { throwIfOver(): void } | null = null
  /** How much of this request was counted in usage. */
  uses = 0

  constructor(
    readonly app: Services,
    readonly origin: Origin,
    /** Null: nobody said who they are. */
    public caller: Actor | null,
    /** Looks at the same credential again. @throws RequestError when it is no longer good. */
    private readonly believe: () => Promise<Actor>,
  ) {}

  /** @throws RequestError UNAUTHENTICATED when nobody said who they are. */
  get actor(): Actor {
    if (!this.caller) throw missingCredential()
    return this.caller
  }

  /** Sees what the caller sees. Made at first use: an exchange never needs one. */
  get em(): EntityManager {
    return (this.ownEm ??= this.newEm(this.actor))
  }

  now(): Date {
    return this.app.clock()
  }

  /** Counts something in usage, if anyone is there to count it for. */
  count(operation: string | null, isDenied: boolean): void {
    if (!this.caller) return
    this.uses++
    this.app.writeBehind.used({ actor: this.caller, operation, isDenied, at: this.now() })
  }

  /** The caller as it is now, after its standing was found to have changed. */
  async renew(): Promise<Actor> {
    this.caller = await this.believe()
    this.forget()
    return this.caller
  }

  /** Drops what was read, after a change. */
  forget(): void {
    this.ownEm = undefined
    this.organizationEm = undefined
    this.loaders = undefined
  }

  /** The rows of a list, count, aggregate or search. @throws RequestError CONCURRENCY_LIMITED, QUERY_TIMEOUT, UNAVAILABLE */
  query(query: TenantQuery): Promise<readonly Row[]> {
    const { organizationId } = this.actor
    this.queryRunner ??= this.app.queries.forRequest(organizationId, () => this.waiting?.throwIfOver())
    return this.queryRunner.run(query)
  }

  /** One row by id as the caller sees it, with all others of its kind that this turn of the loop asks for. */
  load<T extends { id: string }>(entity: new () => T, id: string): Promise<T | null> {
    return this.loadWithin(this.em, entity.name, entity, id)
  }

  /** What a visible object stands in or belongs to is readable with it, wherever in its organization. */
  loadBeside<T extends { id: string }>(visible: { organizationId: string }, entity: new () => T, id: string): Promise<T | null> {
    return this.loadWithin(this.emBeside(visible), `any ${entity.name}`, entity, id)
  }

  /** The same by another column that no two rows share. */
  loadBesideBy<T extends { id: string }>(
    visible: { organizationId: string },
    entity: new () => T,
    column: keyof T & string,
    value: string,
  ): Promise<T | null> {
    return this.loadWithin(this.emBeside(visible), `any ${entity.name} by ${column}`, entity, value, column)
  }

  /** Sees the whole organization of a visible object. */
  emBeside({ organizationId }: { organizationId: string }): EntityManager {
    return (this.organizationEm ??= this.newEm({ organizationId, projectIds: null, environment: null }))
  }

  /** The same request by the bearer of a token that is itself the subject of the change. */
  as(caller: Actor): Context {
    return Object.assign(new Context(this.app, this.origin, caller, () => Promise.resolve(caller)), { waiting: this.waiting })
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
    this.waiting?.throwIfOver()
    const em = this.app.orm.em.fork()
    em.setFilterParams('tenant', { organizationId, projectIds, environment })
    // Without a caller the filter has no parameters, and throws.
    if (this.caller) em.setFilterParams('owner', ownershipOf(this.caller))
    return em
  }
}

/** What the command line and the sweepers act in. */
export function systemContext(app: Services, organizationId: string): Context {
  const actor = systemActor(organizationId)
  return new Context(app, { requestId: newId('req', app.clock()), ipAddress: null }, actor, () => Promise.resolve(actor))
}
