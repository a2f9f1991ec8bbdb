/**
 * The one door for change. It opens the transaction, hands the verb what it may touch, and commits its rows together with
 * the audit event that its permit describes. What nobody permitted, or no event records, cannot be written by accident.
 */
import type { EntityManager } from '@mikro-orm/core'

import { getAction, type Action, type AppendOnlyAction } from '../access/actions.js'
import type { Actor } from '../access/actor.js'
import { findNode } from '../access/node-types.js'
import { authorize, type Permit, type Target } from '../access/permit.js'
import type { EventDraft } from '../journal/chain.js'
import { fingerprint, findIdempotentResult, idempotencyRow, type IdempotencyFingerprint } from '../journal/idempotency.js'
import { CredentialChangedError, type AppendedRow, type JournalEntry } from '../journal/journal.js'
import { DomainError, idempotencyConflict, notFound, RequestError } from '../lib/errors.js'
import type { Context } from './context.js'

interface ActionScope {
  readonly actor: Actor
  readonly now: Date
  /**
   * Without a subject: before the first look-up, so that a caller who may not do this at all cannot tell what exists.
   * With one: once it was found. The audit event is about the last. @throws DomainError FORBIDDEN
   */
  readonly permit: (subject?: Target) => Permit
  /** Adds to the details of the audit event; never a secret. */
  readonly addDetails: (details: Readonly<Record<string, unknown>>) => void
  readonly append: <T extends object>(entity: new () => T, row: Omit<T, Methods<T>>, options?: { isIfAbsent: boolean }) => void
}
type Methods<T> = { [K in keyof T]: T[K] extends (...args: never[]) => unknown ? K : never }[keyof T]

/** A verb that only appends is given no `em`, so it can join a group commit. */
export type ActionScopeFor<A extends Action> = A extends AppendOnlyAction ? ActionScope : ActionScope & { readonly em: EntityManager }

/** A create that makes one record under one key, however often it is sent within a day. */
export interface IdempotentCreate<S> {
  /** The verb checks its length; null: nothing is remembered. */
  readonly key: string | null | undefined
  readonly input: object
  /** What a repeated create answers: the record that is there, without its secret. It asks for a permit, as the verb did. */
  readonly replay: (hands: { readonly em: EntityManager; readonly permit: ActionScope['permit'] }, id: string) => Promise<S>
}

/** How often a caller's standing may change under one request before it is told to come again. */
const maxAttempts = 5

/** One attempt of the verb: what it did with its hands. */
class Attempt<A extends Action> {
  readonly rows: AppendedRow[] = []
  details: Record<string, unknown> = {}
  permitted = false
  subject: Target = {}

  constructor(
    private readonly ctx: Context,
    private readonly action: A,
    readonly actor: Actor,
    readonly now: Date,
  ) {}

  scope(): ActionScope {
    return {
      actor: this.actor,
      now: this.now,
      permit: (subject = {}) => {
        this.subject = subject
        const permit = authorize(this.actor, this.action, subject)
        this.permitted = true
        return permit
      },
      addDetails: (details) => Object.assign(this.details, details),
      append: (entity, row, options) => this.rows.push({ entity, row, isIfAbsent: options?.isIfAbsent ?? false }),
    }
  }

  recordIdempotencyKey(mark: IdempotencyFingerprint): void {
    if (this.subject.id == null) throw new TypeError(`${this.action} made nothing that could be remembered`)
    this.rows.push(idempotencyRow(mark, this.actor.organizationId, this.subject.id, this.now))
  }

  toAllowedEntry(): JournalEntry {
    if (!this.permitted) throw new TypeError(`${this.action} never asked for a permit`)
    return { organizationId: this.actor.organizationId, authVersion: this.actor.authVersion, rows: this.rows, event: this.event('ALLOWED') }
  }

  toDeniedEntry(code: string, subject: Target): EventDraft {
    this.details = { ...this.details, code }
    const { id, projectId, ...place } = subject
    // Nothing was made, so the caller's own project is where it happened when the project itself was to be made.
    this.subject = subject.isNew ? { ...place, id: null, ...(projectId === undefined || projectId === id ? {} : { projectId }) } : subject
    return this.event('DENIED')
  }

  private event(outcome: EventDraft['outcome']): EventDraft {
    const { actor, subject } = this
    return {
      organizationId: actor.organizationId,
      projectId: subject.projectId === undefined ? (actor.apiKey ? (actor.projectIds?.[0] ?? null) : null) : subject.projectId,
      environment: subject.environment === undefined ? actor.environment : subject.environment,
      action: this.action,
      outcome,
      actorId: actor.id,
      endUserId: subject.forEndUserId ?? actor.endUser?.id ?? null,
      subjectId: subject.id ?? null,
      details: this.details,
      requestId: this.ctx.origin.requestId,
      ipAddress: this.ctx.origin.ipAddress,
      at: this.now,
    }
  }
}

/**
 * @throws DomainError or RequestError as the verb did, after the refused attempt was recorded by itself.
 * Never any network I/O in the verb: outbound use is authorised first, then the network, then one change with the outcome.
 */
export async function perform<A extends Action, R, S = never>(
  ctx: Context,
  action: A,
  verb: (hands: ActionScopeFor<A>) => Promise<R> | R,
  once?: IdempotentCreate<S>,
): Promise<R | S> {
  if (ctx.inTransaction) throw new TypeError(`${action} was begun within another change, which would wait for ever`)
  ctx.inTransaction = true
  let attempt = new Attempt(ctx, action, ctx.actor, ctx.now())
  try {
    for (let tries = 1; ; tries++) {
      try {
        return await runAttempt(ctx, action, attempt, verb, once)
      } catch (error) {
        if (!(error instanceof CredentialChangedError)) throw error
        if (tries === maxAttempts)
          throw new RequestError('UNAVAILABLE', 'This credential is being changed over and over. Try again shortly.')
        attempt = new Attempt(ctx, action, await ctx.refreshActor(), ctx.now())
      }
    }
  } catch (error) {
    if (error instanceof DomainError || isCredentialLost(error)) await recordRefusal(ctx, attempt, error.code)
    throw error
  } finally {
    ctx.inTransaction = false
    ctx.clearCaches()
  }
}

/**
 * A question that carries a secret is a mutation, so that it never travels in a URL, yet changes nothing: only a caller
 * who may not ask leaves an event.
 */
export async function authorizeRead<R>(
  ctx: Context,
  action: Action,
  ask: (hands: Pick<ActionScope, 'actor' | 'now' | 'permit'>) => Promise<R>,
): Promise<R> {
  const attempt = new Attempt(ctx, action, ctx.actor, ctx.now())
  try {
    return await ask(attempt.scope())
  } catch (error) {
    if (error instanceof DomainError) await recordRefusal(ctx, attempt, error.code)
    throw error
  }
}

/** Whether or not the caller still stands. What it named is told if it may see that. */
async function recordRefusal<A extends Action>(ctx: Context, attempt: Attempt<A>, code: string): Promise<void> {
  const { named } = attempt.subject
  const seen = named === undefined ? null : await findNode(ctx, named).catch(() => null)
  await ctx.app.refusals.record(attempt.toDeniedEntry(code, seen ?? attempt.subject))
}

async function runAttempt<A extends Action, R, S>(
  ctx: Context,
  action: A,
  attempt: Attempt<A>,
  verb: (hands: ActionScopeFor<A>) => Promise<R> | R,
  once: IdempotentCreate<S> | undefined,
): Promise<R | S> {
  const { journal, deploymentSecrets } = ctx.app
  const hands = attempt.scope()
  ctx.deadline?.throwIfExpired()
  if (getAction(action).appendOnly) {
    const result = await verb(hands as ActionScopeFor<A>)
    await journal.commit(attempt.toAllowedEntry())
    return result
  }
  const mark = once?.key == null ? undefined : fingerprint(deploymentSecrets, attempt.actor, action, once.key, once.input)
  return journal.transaction<R | S>(ctx.em, attempt.actor, async (em) => {
    // It may have waited in line for longer than anybody waits for it.
    ctx.deadline?.throwIfExpired()
    // Changes of one organization are serial, so of two at once the second finds what the first one made.
    const earlier = mark && (await findIdempotentResult(em, mark, attempt.now))
    if (once && earlier?.isSame) {
      hands.addDetails({ repeated: true })
      hands.permit()
      const repeated = await once.replay({ em, permit: hands.permit }, earlier.subjectId).catch((error: unknown) => {
        if (!(error instanceof DomainError && error.code === 'NOT_FOUND')) throw error
        throw notFound('What this idempotency key made is gone. Another key makes it anew.', ['input', 'idempotencyKey'])
      })
      return [repeated, attempt.toAllowedEntry()]
    }
    const run = async (): Promise<R> => verb({ ...hands, em } as ActionScopeFor<A>)
    if (!earlier) {
      const result = await run()
      if (mark) attempt.recordIdempotencyKey(mark)
      return [result, attempt.toAllowedEntry()]
    }
    // Tried, and undone: faults of input and permission are told first. A clash may be with the very record that the key made.
    await run().catch((error: unknown) => {
      if (!(error instanceof DomainError && error.code === 'CONFLICT')) throw error
    })
    throw idempotencyConflict('This idempotency key was used with another input.', ['input', 'idempotencyKey'])
  })
}

const isCredentialLost = (error: unknown): error is RequestError =>
  error instanceof RequestError && ['UNAUTHENTICATED', 'CREDENTIAL_REVOKED', 'CREDENTIAL_SUSPENDED'].includes(error.code)
