/** Signs an end user in: creates the browser session, once for each sign-in request. */
import type { EntityManager } from '@mikro-orm/core'

import type { Actor } from '../../access/actor.js'
import { keyActor } from '../../access/credential-actors.js'
import { assertMayNameEndUser } from '../../access/end-user-scope.js'
import type { Context } from '../../context/context.js'
import { perform } from '../../context/perform.js'
import { BrowserSession } from '../../entities/browser-session.js'
import type { EndUserSignInMethod } from '../../entities/enums.js'
import { OAuthConfiguration } from '../../entities/oauth-configuration.js'
import { addSeconds } from '../../lib/clock.js'
import { sha256 } from '../../lib/crypto/digest.js'
import { randomText } from '../../lib/crypto/random-text.js'
import { DomainError, invalidState } from '../../lib/errors.js'
import { deriveEndUserId } from '../../lib/external-id.js'
import { upsertEndUser } from '../../tenancy/end-user.js'
import type { ActiveConfiguration } from '../configurations/active-configuration.js'
import { PageError } from '../page-error.js'
import { sessionActor, sessionTtlSeconds } from './browser-session.js'
import { signInFingerprint, type SignInRequest } from './sign-in-request.js'

/** End user that a provider or a product vouched for. */
export interface Identity {
  readonly externalId: string
  /** Of the product; null: the provider's claim. */
  readonly ticket: string | null
}

/** The end user who signs in. No session exists yet, so the key stands for it. */
export function signInActor(request: SignInRequest, { key }: ActiveConfiguration, { externalId }: Identity, now: Date): Actor {
  const { organizationId, projectId, environment, id } = request
  const endUser = { id: deriveEndUserId(organizationId, projectId, environment, externalId), externalId }
  const expiresAt = addSeconds(now, sessionTtlSeconds)
  return { ...sessionActor({ key, endUser, id, expiresAt }, now), authVersion: keyActor(key, undefined, now).authVersion }
}

/** `ctx` acts as {@link signInActor}. Returns the value of the session cookie. @throws PageError */
export async function signInEndUser(ctx: Context, request: SignInRequest, { externalId, ticket }: Identity): Promise<string> {
  const { id, projectId, environment } = request
  const signIn = perform(ctx, 'end_user:sign_in', async ({ em, actor, now, permit, addDetails }) => {
    permit({ id, isNew: true, projectId, environment })
    assertMayNameEndUser(actor, externalId)
    const { signInMethod, apiKeyId } = await findUnchanged(em, request)
    addDetails({ method: signInMethod satisfies EndUserSignInMethod, apiKeyId })
    const text = randomText()
    const session = { digest: sha256(text), signedInAt: now, expiresAt: actor.expiresAt ?? addSeconds(now, sessionTtlSeconds) }
    if (ticket === null) await create(em, request, actor, session, now)
    else await redeem(em, id, ticket, session, now)
    await upsertEndUser(em, request, externalId, now)
    return text
  })
  return signIn.catch(toPageError)
}

const used = (): DomainError => invalidState('The sign-in request is used.')

type SessionState = Pick<BrowserSession, 'digest' | 'signedInAt' | 'expiresAt'>

async function create(em: EntityManager, request: SignInRequest, { endUser }: Actor, session: SessionState, now: Date): Promise<void> {
  const { id, organizationId, projectId, environment } = request
  if (await em.findOne(BrowserSession, { id })) throw used()
  const row = { id, organizationId, projectId, environment, endUserId: endUser!.id, createdAt: now, revokedAt: null, ...session }
  em.persist(Object.assign(new BrowserSession(), row))
}

/** Conditional update: of concurrent requests, one gets a count of 1. */
async function redeem(em: EntityManager, id: string, ticket: string, session: SessionState, now: Date): Promise<void> {
  const waiting = { id, digest: sha256(ticket), signedInAt: null, revokedAt: null, expiresAt: { $gt: now } }
  if ((await em.nativeUpdate(BrowserSession, waiting, session)) !== 1) throw used()
}

/** @throws PageError when the configuration was changed or deleted since the request began */
async function findUnchanged(em: EntityManager, request: SignInRequest): Promise<OAuthConfiguration> {
  const { projectId, environment } = request
  const configuration = await em.findOne(OAuthConfiguration, { projectId, environment })
  if (!configuration || signInFingerprint(configuration) !== request.fingerprint) throw new PageError('SIGN_IN_CHANGED')
  return configuration
}

function toPageError(error: unknown): never {
  if (!(error instanceof DomainError)) throw error
  throw new PageError(error.code === 'FORBIDDEN' ? 'END_USER_NOT_ALLOWED' : 'SIGN_IN_USED', { cause: error })
}
