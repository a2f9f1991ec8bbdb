/** Sets the OAuth configuration of a project and environment: those of the API key that limits it. */
import type { EntityManager } from '@mikro-orm/core'

import type { Actor } from '../../access/actor.js'
import { assertCanGrant } from '../../access/grants.js'
import type { Context } from '../../context/context.js'
import { perform } from '../../context/perform.js'
import { ApiKey } from '../../entities/api-key.js'
import { BrowserSession } from '../../entities/browser-session.js'
import { OAuthConfiguration, oidcClientSecretAad } from '../../entities/oauth-configuration.js'
import { seal } from '../../lib/crypto/seal.js'
import { invalidState, objectNotFound } from '../../lib/errors.js'
import { newId } from '../../lib/id.js'
import { Validator } from '../../validation/validator.js'
import { revokeGrants } from '../grants/revoke-grants.js'
import { signInFingerprint } from '../sign-in/sign-in-request.js'
import { assertIssuerAllowed, toSignInColumns, validateConfiguration, type OAuthConfigurationArgs } from './configuration-input.js'

/** @throws DomainError INVALID, FORBIDDEN, NOT_FOUND, INVALID_STATE, PERMISSION_NOT_HELD or URL_NOT_ALLOWED */
export async function setOAuthConfiguration(ctx: Context, input: OAuthConfigurationArgs): Promise<{ configuration: OAuthConfiguration }> {
  return perform(ctx, 'oauth_configuration:set', async ({ em, actor, now, permit, addDetails }) => {
    const validator = new Validator()
    validateConfiguration(validator, input)
    validator.throwIfInvalid()
    permit()
    const key = await findKey(em, actor, input.apiKeyId, now)
    assertIssuerAllowed(ctx.services.outbound, input)
    const { organizationId, projectId, environment } = key
    const existing = await em.findOne(OAuthConfiguration, { projectId, environment })
    const id = existing?.id ?? newId('oauth_cfg', now)
    const permitted = permit({ id, projectId, environment, ...(existing ? {} : { isNew: true }) })
    // Grants were given within the limits of the old key, which no longer is the one that the configuration names.
    if (existing && existing.apiKeyId !== key.id) await revokeGrants(em, permitted, { projectId, environment }, now)
    const fingerprint = existing && signInFingerprint(existing)
    const keptSecret = existing && findKeptSecret(existing, input)
    const configuration = Object.assign(existing ?? new OAuthConfiguration(), {
      id,
      organizationId,
      projectId,
      environment,
      createdAt: existing?.createdAt ?? now,
      updatedAt: now,
      ...toSignInColumns(input),
      apiKeyId: key.id,
      allowsRegistration: input.allowsRegistration ?? true,
      clientHosts: input.clientHosts ? [...input.clientHosts] : null,
      redirectSchemes: [...(input.redirectSchemes ?? [])],
    })
    const newSecret = input.signIn.oidc?.clientSecret
    configuration.sealedOidcClientSecret = newSecret
      ? seal(ctx.services.masterKeys, oidcClientSecretAad(configuration), newSecret.reveal())
      : keptSecret
    if (existing && fingerprint !== signInFingerprint(configuration)) await em.nativeDelete(BrowserSession, { projectId, environment })
    em.persist(configuration)
    const { signInMethod, oidcIssuer, signInUrl } = configuration
    addDetails({ apiKeyId: key.id, signInMethod, ...(oidcIssuer === null ? { signInUrl } : { issuer: oidcIssuer }) })
    return { configuration }
  })
}

/** @throws DomainError NOT_FOUND, INVALID_STATE, or PERMISSION_NOT_HELD: grants of end users hold what the key holds */
async function findKey(em: EntityManager, actor: Actor, id: string, now: Date): Promise<ApiKey> {
  const path = ['input', 'apiKeyId']
  const key = await em.findOne(ApiKey, { id })
  if (!key) throw objectNotFound('API key', path)
  assertCanGrant(actor, key.permissions, path)
  const status = key.status(now)
  if (status === 'REVOKED' || status === 'EXPIRED')
    throw invalidState(`The API key is ${status.toLowerCase()}. Name another key in "apiKeyId".`, path)
  return key
}

/** A secret is never kept for another provider or client: it was issued by this one. */
function findKeptSecret(existing: OAuthConfiguration, { signIn: { oidc } }: OAuthConfigurationArgs): string | null {
  const isSameClient = existing.oidcIssuer === oidc?.issuer && existing.oidcClientId === oidc?.clientId
  return isSameClient && oidc?.clientSecret === undefined ? existing.sealedOidcClientSecret : null
}
