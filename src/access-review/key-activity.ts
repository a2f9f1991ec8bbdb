/** Activity of an API key: requests by operation, from usage, and audited actions, from the trail. */
import { actions } from '../access/actions.js'
import { can } from '../access/actor.js'
import type { Context } from '../context/context.js'
import { toDate } from '../database/dialect.js'
import { actionsOfKey, operationsOfKey } from '../database/queries/key-activity.js'
import { maxInt32 } from '../database/queries/usage.js'
import type { ApiKey } from '../entities/api-key.js'
import type { AuditOutcome } from '../entities/enums.js'
import { badUserInput } from '../lib/errors.js'
import { intervalStart } from '../usage/intervals.js'

export const maxActivityDays = 90

/** Requests of one operation, with the key or with tokens exchanged from it. */
export interface OperationActivity {
  /** Null: refused before the operation was known. */
  readonly operation: string | null
  readonly requests: number
  readonly denied: number
  /** Start of the last day with such a request. */
  readonly lastOn: Date
}

/** Audited events of one action and outcome with the key as actor. */
export interface ActionActivity {
  readonly action: string
  readonly outcome: AuditOutcome
  readonly count: number
  readonly lastAt: Date
}

/** @throws RequestError BAD_USER_INPUT for a time in the future or more than 90 days ago */
export function validateSince(since: Date, now: Date): void {
  const ageMs = now.getTime() - since.getTime()
  if (ageMs < 0) throw badUserInput('"since" must not be in the future.')
  if (ageMs > maxActivityDays * 86_400_000) throw badUserInput(`"since" must be at most ${maxActivityDays} days ago.`)
}

/** Null without `usage:read`. Days are counted whole, from the day of `since` in UTC. */
export async function operationActivity(ctx: Context, key: ApiKey, since: Date): Promise<OperationActivity[] | null> {
  if (!can(ctx.actor, 'usage:read')) return null
  const rows = await ctx.query(operationsOfKey(key, intervalStart(since, 'DAY')))
  return rows.map((row) => ({
    operation: (row['operation'] as string) || null,
    requests: Math.min(Number(row['requests']), maxInt32),
    denied: Math.min(Number(row['denied']), maxInt32),
    lastOn: toDate(row['last_day']),
  }))
}

export async function readActions(ctx: Context, key: ApiKey, since: Date): Promise<ActionActivity[]> {
  const rows = await ctx.query(actionsOfKey(key, Object.keys(actions), since))
  return rows.map((row) => ({
    action: row['action'] as string,
    outcome: row['outcome'] as AuditOutcome,
    count: Number(row['count']),
    lastAt: toDate(row['last_at']),
  }))
}

/** Null without `audit_event:read`. */
export const actionActivity = async (ctx: Context, key: ApiKey, since: Date): Promise<ActionActivity[] | null> =>
  can(ctx.actor, 'audit_event:read') ? readActions(ctx, key, since) : null
