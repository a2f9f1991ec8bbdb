/** Runs every change: authorization, transaction, idempotency and the audit event of the outcome. */
import type { EntityManager } from '@mikro-orm/core'

import { getAction, type Action, type AppendOnlyAction } from '../access/actions.js'
import { findNode } from '../access/node-types.js'
import { fingerprint, findIdempotentResult } from '../journal/idempotency.js'
import { CredentialChangedError } from '../journal/journal.js'
import { DomainError, idempotencyConflict, notFound, RequestError } from '../lib/errors.js'
import { Attempt, type ActionScope } from './attempt.js'
import type { Context } from './context.js'

/** Arguments of the verb of an action. Append-only verbs get no `em`, so that they can join a group commit. */
export type ActionScopeFor<A extends Action> = A extends AppendOnlyAction ? ActionScope : ActionScope & { readonly em: EntityManager }

/** Idempotency of a create: requests with the same key create one record within 24 hours. */
export interface IdempotentCreate<S> {
  /** Idempotency key, whose length the verb validates; null: not idempotent. */
  readonly key: string | null | undefined
  readonly input: object
  /** Result of a repeated create: the existing record, without its secret. It must authorize, as the verb does. */
  readonly replay: (scope: { readonly em: EntityManager; readonly permit: ActionScope['permit'] }, id: string) => Promise<S>
}

/** Maximum attempts while the actor's credential keeps changing during the request. */
const maxAttempts = 5

/**
 * Runs a verb in a transaction and commits its rows together with one audit event. Rows without a permit or an event
 * cannot be committed.
 *
 * A verb must do no network I/O, which would hold the organization's lock. Authorize outbound use first, then use the
 * network, then perform one change with the outcome.
 * @throws DomainError or RequestError of the verb, after the denied attempt was recorded
 */
export async function perform<A extends Action, R, S = never>(
  ctx: Context,
  action: A,
  verb: (scope: ActionScopeFor<A>) => Promise<R> | R,
  idempotentCreate?: IdempotentCreate<S>,
): Promise<R | S> {
  if (ctx.inTransaction) throw new TypeError(`${action} was called within another change, which would deadlock`)
  ctx.inTransaction = true
  let attempt = new Attempt(ctx, action, ctx.actor, ctx.now())
  try {
    for (let attempts = 1; ; attempts++) {
      try {
        return await runAttempt(ctx, action, attempt, verb, idempotentCreate)
      } catch (error) {
        if (!(error instanceof CredentialChangedError)) throw error
        if (attempts === maxAttempts) throw new RequestError('UNAVAILABLE', 'The credential was changed concurrently. Retry the request.')
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
 * Authorizes a read that is a mutation in the schema: its input has a secret, which must not travel in a URL.
 * Only a denied attempt is recorded.
 * @throws DomainError or RequestError of the read
 */
export async function authorizeRead<R>(
  ctx: Context,
  action: Action,
  read: (scope: Pick<ActionScope, 'actor' | 'now' | 'permit'>) => Promise<R>,
): Promise<R> {
  const attempt = new Attempt(ctx, action, ctx.actor, ctx.now())
  try {
    return await read(attempt.scope())
  } catch (error) {
    if (error instanceof DomainError) await recordRefusal(ctx, attempt, error.code)
    throw error
  }
}

/** Records a denied attempt, even if the credential is no longer valid. The event names the target if the actor may read it. */
async function recordRefusal<A extends Action>(ctx: Context, attempt: Attempt<A>, code: string): Promise<void> {
  const { requestedId } = attempt.target
  const visible = requestedId === undefined ? null : await findNode(ctx, requestedId).catch(() => null)
  await ctx.services.refusalJournal.record(attempt.toDeniedEntry(code, visible ?? attempt.target))
}

async function runAttempt<A extends Action, R, S>(
  ctx: Context,
  action: A,
  attempt: Attempt<A>,
  verb: (scope: ActionScopeFor<A>) => Promise<R> | R,
  idempotentCreate: IdempotentCreate<S> | undefined,
): Promise<R | S> {
  const { journal, deploymentSecrets } = ctx.services
  const scope = attempt.scope()
  ctx.deadline?.throwIfExpired()
  if (getAction(action).appendOnly) {
    const result = await verb(scope as ActionScopeFor<A>)
    await journal.commit(attempt.toAllowedEntry())
    return result
  }
  const keyFingerprint =
    idempotentCreate?.key == null
      ? undefined
      : fingerprint(deploymentSecrets, attempt.actor, action, idempotentCreate.key, idempotentCreate.input)
  return journal.transaction<R | S>(ctx.em, attempt.actor, async (em) => {
    // The deadline may have passed while this waited for the organization's lock.
    ctx.deadline?.throwIfExpired()
    // Changes of one organization are serial, so the second of two concurrent requests finds the first one's result.
    const existing = keyFingerprint && (await findIdempotentResult(em, keyFingerprint, attempt.now))
    if (idempotentCreate && existing?.isSame) {
      scope.addDetails({ repeated: true })
      scope.permit()
      const replayed = await idempotentCreate.replay({ em, permit: scope.permit }, existing.subjectId).catch((error: unknown) => {
        if (!(error instanceof DomainError && error.code === 'NOT_FOUND')) throw error
        throw notFound('The resource created with this idempotency key no longer exists. Use a new key.', ['input', 'idempotencyKey'])
      })
      return [replayed, attempt.toAllowedEntry()]
    }
    const run = async (): Promise<R> => verb({ ...scope, em } as ActionScopeFor<A>)
    if (!existing) {
      const result = await run()
      if (keyFingerprint) attempt.recordIdempotencyKey(keyFingerprint)
      return [result, attempt.toAllowedEntry()]
    }
    // Run the verb, to be rolled back: its input and permission errors take precedence. A CONFLICT may be with the key's own record.
    await run().catch((error: unknown) => {
      if (!(error instanceof DomainError && error.code === 'CONFLICT')) throw error
    })
    throw idempotencyConflict('"idempotencyKey" was used before with another input. Use a new key.', ['input', 'idempotencyKey'])
  })
}

/** Whether re-authentication found that the credential is no longer valid, or not for this end user or address. */
const isCredentialLost = (error: unknown): error is RequestError =>
  error instanceof RequestError &&
  ['UNAUTHENTICATED', 'CREDENTIAL_REVOKED', 'CREDENTIAL_SUSPENDED', 'ADDRESS_NOT_ALLOWED', 'FORBIDDEN'].includes(error.code)
