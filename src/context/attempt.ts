/** One attempt to run a verb: the verb's arguments, and the journal entry and audit event of its outcome. */
import type { Action } from '../access/actions.js'
import type { Actor, CredentialSnapshot } from '../access/actor.js'
import { authorize, type Permit, type Target } from '../access/permit.js'
import { keepExisting } from '../database/queries/inserts.js'
import type { EventDraft } from '../journal/chain.js'
import { idempotencyRow, type IdempotencyFingerprint } from '../journal/idempotency.js'
import type { AppendedRow, JournalEntry } from '../journal/journal.js'
import type { Context } from './context.js'

/** Arguments of a verb. */
export interface ActionScope {
  readonly actor: Actor
  readonly now: Date
  /**
   * Authorizes the action. Call it without a target before the first look-up, so that an actor without the permission
   * cannot probe for rows; then with the target found. The audit event names the last target.
   * @throws DomainError FORBIDDEN
   */
  readonly permit: (target?: Target) => Permit
  /** Adds details to the audit event; never a secret. */
  readonly addDetails: (details: Readonly<Record<string, unknown>>) => void
  /** Verifies another credential at the commit, which must imply that of the actor: an access token of the same API key. */
  readonly commitUnder: (credential: CredentialSnapshot) => void
  /** Queues a row for the commit. `isIfAbsent` keeps an existing row. */
  readonly append: <T extends object>(entity: new () => T, row: Omit<T, Methods<T>>, options?: { isIfAbsent: boolean }) => void
}

/** Names of the methods of an entity, which a row does not have. */
type Methods<T> = { [K in keyof T]: T[K] extends (...args: never[]) => unknown ? K : never }[keyof T]

/** State of one attempt to run a verb: rows, details, target and permit. */
export class Attempt<A extends Action> {
  readonly rows: AppendedRow[] = []
  details: Record<string, unknown> = {}
  permitted = false
  target: Target = {}
  authVersion: CredentialSnapshot | null

  constructor(
    private readonly ctx: Context,
    private readonly action: A,
    readonly actor: Actor,
    readonly now: Date,
  ) {
    this.authVersion = actor.authVersion
  }

  scope(): ActionScope {
    return {
      actor: this.actor,
      now: this.now,
      permit: (target = {}) => {
        this.target = target
        const permit = authorize(this.actor, this.action, target)
        this.permitted = true
        return permit
      },
      addDetails: (details) => Object.assign(this.details, details),
      commitUnder: (credential) => {
        this.authVersion = credential
      },
      append: (entity, row, options) => this.rows.push({ entity, row, onConflict: options?.isIfAbsent ? keepExisting : undefined }),
    }
  }

  recordIdempotencyKey(keyFingerprint: IdempotencyFingerprint): void {
    if (this.target.id == null) throw new TypeError(`${this.action} has no target id to store with the idempotency key`)
    this.rows.push(idempotencyRow(keyFingerprint, this.actor.organizationId, this.target.id, this.now))
  }

  toAllowedEntry(): JournalEntry {
    if (!this.permitted) throw new TypeError(`${this.action} did not call permit`)
    return { organizationId: this.actor.organizationId, authVersion: this.authVersion, rows: this.rows, event: this.event('ALLOWED') }
  }

  toDeniedEntry(code: string, target: Target): EventDraft {
    this.details = { ...this.details, code }
    const { id, projectId, ...rest } = target
    // A denied create has no row to name. If the new row was the project itself, the event names the actor's own project.
    this.target = target.isNew ? { ...rest, id: null, ...(projectId === undefined || projectId === id ? {} : { projectId }) } : target
    return this.event('DENIED')
  }

  private event(outcome: EventDraft['outcome']): EventDraft {
    const { actor, target } = this
    return {
      organizationId: actor.organizationId,
      projectId: target.projectId === undefined ? (actor.apiKey ? (actor.projectIds?.[0] ?? null) : null) : target.projectId,
      environment: target.environment === undefined ? actor.environment : target.environment,
      action: this.action,
      outcome,
      actorId: actor.id,
      endUserId: target.forEndUserId ?? actor.endUser?.id ?? null,
      subjectId: target.id ?? null,
      details: this.details,
      requestId: this.ctx.origin.requestId,
      ipAddress: this.ctx.origin.ipAddress,
      at: this.now,
    }
  }
}
