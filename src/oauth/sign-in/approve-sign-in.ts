/** Confirms for the product who is at the browser of a sign-in. The browser brings the ticket back, and is signed in. */
import type { EntityManager } from '@mikro-orm/core'

import type { Actor } from '../../access/actor.js'
import { allowsEndUser, assertMayNameEndUser, endUserNotAllowedMessage } from '../../access/end-user-scope.js'
import { assertCanGrant } from '../../access/grants.js'
import type { Context } from '../../context/context.js'
import { perform } from '../../context/perform.js'
import { ApiKey } from '../../entities/api-key.js'
import { BrowserSession } from '../../entities/browser-session.js'
import { OAuthConfiguration } from '../../entities/oauth-configuration.js'
import { addSeconds } from '../../lib/clock.js'
import { sha256 } from '../../lib/crypto/digest.js'
import { randomText } from '../../lib/crypto/random-text.js'
import { forbidden, invalid, invalidState } from '../../lib/errors.js'
import { deriveEndUserId, externalIdMessage, isExternalId } from '../../lib/external-id.js'
import { upsertEndUser } from '../../tenancy/end-user.js'
import { Validator } from '../../validation/validator.js'
import { signInCallbackUrl } from './begin-sign-in.js'
import { parseRequest, signInFingerprint, signInTtlSeconds, type SignInRequest } from './sign-in-request.js'

const path = ['input', 'request']

/** @throws DomainError INVALID, FORBIDDEN, PERMISSION_NOT_HELD or INVALID_STATE */
export async function approveSignIn(ctx: Context, input: { request: string; externalUserId: string }): Promise<{ url: string }> {
  return perform(ctx, 'end_user:approve_sign_in', async ({ em, actor, now, permit, addDetails }) => {
    const { externalUserId } = input
    const validator = new Validator()
    if (!isExternalId(externalUserId)) validator.addIssue('externalUserId', externalIdMessage)
    validator.throwIfInvalid()
    if (actor.kind !== 'API_KEY' || actor.endUser)
      throw forbidden('Only an API key can confirm who signs in. Send one as the credential, without X-On-Behalf-Of.')
    const request = parseRequest(ctx.services.deploymentSecrets, input.request)
    // One text for a forged request and for one of another tenant.
    if (!request || !isOfPlace(actor, request))
      throw invalid(
        '"request" is not a sign-in request for the project and environment of this API key. Send the query parameter "request" unchanged.',
        path,
      )
    const { id, projectId, environment } = request
    if (request.expiresAt <= now.getTime()) throw invalidState('The sign-in request is expired. Let the end user connect again.', path)
    const endUserId = deriveEndUserId(request.organizationId, projectId, environment, externalUserId)
    permit({ id, isNew: true, projectId, environment, forEndUserId: endUserId })
    assertMayNameEndUser(actor, externalUserId, ['input', 'externalUserId'])
    addDetails({ sessionId: id, apiKeyId: await assertHoldsCeiling(em, actor, request, externalUserId) })
    const ticket = randomText()
    await upsertEndUser(em, request, externalUserId, now)
    await storeTicket(em, request, endUserId, ticket, now)
    const url = new URL(signInCallbackUrl(ctx.services.config.url))
    url.search = new URLSearchParams({ state: input.request, ticket }).toString()
    return { url: url.href }
  })
}

const isOfPlace = ({ organizationId, projectIds, environment }: Actor, request: SignInRequest): boolean =>
  request.organizationId === organizationId && projectIds?.[0] === request.projectId && environment === request.environment

/**
 * The end user can grant what the key of the configuration holds, for as long as that key lives. So the caller is that key, or
 * holds as much, without limits and not for a shorter time. Returns the id of the configuration's key.
 */
async function assertHoldsCeiling(em: EntityManager, actor: Actor, request: SignInRequest, externalUserId: string): Promise<string> {
  const { projectId, environment } = request
  const configuration = await em.findOne(OAuthConfiguration, { projectId, environment })
  const key = configuration && (await em.findOne(ApiKey, { id: configuration.apiKeyId }))
  if (!configuration || !key || signInFingerprint(configuration) !== request.fingerprint)
    throw invalidState('The OAuth configuration was changed since the sign-in began. Let the end user connect again.', path)
  if (actor.apiKey?.isSuperseded)
    throw forbidden('A rotation replaced this secret, so it cannot confirm who signs in. Use the current secret of the key.')
  if (!allowsEndUser(key.endUserScope, externalUserId)) throw forbidden(endUserNotAllowedMessage, ['input', 'externalUserId'])
  if (actor.apiKey?.id === key.id) return key.id
  assertCanGrant(actor, key.permissions, path)
  const isShorterLived = actor.expiresAt !== null && (key.expiresAt === null || actor.expiresAt < key.expiresAt)
  if (actor.apiKey?.isLimited || isShorterLived)
    throw forbidden(
      'This API key is more limited than the key of the OAuth configuration. Use that key, or one without limits that expires no sooner.',
    )
  return key.id
}

/** A repeated confirmation replaces the ticket, until the browser has brought it. */
async function storeTicket(em: EntityManager, request: SignInRequest, endUserId: string, ticket: string, now: Date): Promise<void> {
  const { id, organizationId, projectId, environment } = request
  const state = { digest: sha256(ticket), expiresAt: addSeconds(now, signInTtlSeconds) }
  const existing = await em.findOne(BrowserSession, { id })
  if (existing && (existing.signedInAt !== null || existing.endUserId !== endUserId))
    throw invalidState('This sign-in request was confirmed before. Let the end user connect again.', path)
  const row = { id, organizationId, projectId, environment, endUserId, createdAt: now, signedInAt: null, revokedAt: null }
  em.persist(existing ? Object.assign(existing, state) : Object.assign(new BrowserSession(), { ...row, ...state }))
}
