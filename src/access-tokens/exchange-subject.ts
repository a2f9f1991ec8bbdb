/** Subject and actors of a token exchange (RFC 8693 §2.1): for whom the new token acts, and what limits it beside the API key. */
import type { Actor, CredentialSnapshot } from '../access/actor.js'
import { assertMayNameEndUser } from '../access/end-user-scope.js'
import { intersection, type PermissionSet } from '../access/permissions.js'
import type { Context } from '../context/context.js'
import { versionQueries } from '../database/queries/credential-versions.js'
import { parseAudience } from '../lib/audience.js'
import { invalid } from '../lib/errors.js'
import { acceptedUrls } from '../lib/issuer.js'
import type { Secret } from '../lib/secret.js'
import type { ActClaim } from '../signing-keys/issue-access-token.js'
import { findLiveToken, type LiveToken } from './live-token.js'

/** Actors that a token names at most: the current one and those before it. */
export const maxActors = 5

export interface SubjectArgs {
  readonly audience: string
  /** External id of the end user. */
  readonly externalUserId?: string | undefined
  /** Access token to narrow, in place of an external id. */
  readonly subjectToken?: Secret | undefined
  /** Access token of the party that acts for the subject. */
  readonly actorToken?: Secret | undefined
}

/** Access token that is narrowed. */
interface Narrowed {
  readonly id: string
  readonly grantId: string | null
  /** The commit repeats it: a token that was revoked meanwhile is not narrowed. */
  readonly snapshot: CredentialSnapshot
}

interface Delegation {
  readonly act?: ActClaim | undefined
  readonly actorTokenId?: string
}

/** Subject of a new token. */
export interface ExchangeSubject {
  /** `sub`: the external id of the end user, or the id of the API key. */
  readonly subject: string
  readonly isEndUser: boolean
  /** All that the new token may hold. */
  readonly permissions: PermissionSet
  /** Actors, with the token that proved the current one. */
  readonly delegation: Delegation
  /** Null: the API key itself is exchanged. */
  readonly narrowed: Narrowed | null
}

/** The new token ends with the key of the subject token, since both are of the same key. */
async function findSubjectToken(
  ctx: Context,
  apiKeyId: string,
  { subjectToken, audience }: SubjectArgs,
  now: Date,
): Promise<LiveToken | null> {
  if (!subjectToken) return null
  const live = await findLiveToken(ctx, subjectToken, now)
  if (live?.row.apiKeyId !== apiKeyId)
    throw invalid('"subjectToken" must be an active access token that was issued under this API key.', ['input', 'subjectToken'])
  const isForOneServer = parseAudience(acceptedUrls(ctx.services.config), live.row.audience)?.serverId != null
  if (isForOneServer && audience !== live.row.audience)
    throw invalid('"audience" must be that of the subject token, which is for one MCP server.', ['input', 'audience'])
  return live
}

/** Actors of the new token: the current one first, then those of the subject token (RFC 8693 §4.1). */
async function findActors(ctx: Context, actorToken: Secret | undefined, earlier: ActClaim | undefined, now: Date): Promise<Delegation> {
  if (!actorToken) return { act: earlier }
  const path = ['input', 'actorToken']
  const live = await findLiveToken(ctx, actorToken, now)
  if (!live) throw invalid('"actorToken" must be an active access token of the project and environment of this API key.', path)
  if (live.claims['act'] !== undefined)
    throw invalid('"actorToken" must be a token of the actor alone: it has an "act" claim, which names another actor.', path)
  const act: ActClaim = { sub: live.subject, ...(earlier ? { act: earlier } : {}) }
  let count = 0
  for (let each: ActClaim | undefined = act; each; each = each.act) count++
  if (count > maxActors) throw invalid(`"actorToken" would be actor ${count} of the token, which may have ${maxActors}.`, path)
  return { act, actorTokenId: live.row.id }
}

function toNarrowed({ row, key }: LiveToken, { authVersion }: Actor): Narrowed {
  const ownExpiry = authVersion?.expiresAt
  const expiresAt = ownExpiry && ownExpiry < row.expiresAt ? ownExpiry : row.expiresAt
  const { id, grantId } = row
  return { id, grantId, snapshot: { query: versionQueries.accessToken, id, version: key.authVersion, expiresAt } }
}

/** @throws DomainError INVALID or FORBIDDEN */
export async function resolveSubject(ctx: Context, actor: Actor, apiKeyId: string, args: SubjectArgs, now: Date): Promise<ExchangeSubject> {
  const { externalUserId, actorToken } = args
  const token = await findSubjectToken(ctx, apiKeyId, args, now)
  const delegation = await findActors(ctx, actorToken, token?.claims['act'] as ActClaim | undefined, now)
  if (!token) {
    const isEndUser = externalUserId !== undefined
    if (isEndUser) assertMayNameEndUser(actor, externalUserId, ['input', 'externalUserId'])
    return { subject: externalUserId ?? apiKeyId, isEndUser, permissions: actor.permissions, delegation, narrowed: null }
  }
  const permissions = intersection(token.row.permissions, actor.permissions)
  return { subject: token.subject, isEndUser: token.row.endUserId !== '', permissions, delegation, narrowed: toNarrowed(token, actor) }
}
