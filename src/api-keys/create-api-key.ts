/** Creates an API key. Only this response contains its secret; the database keeps a digest. */
import { maxExpiry } from '../access/actor.js'
import { assertCanGrant } from '../access/grants.js'
import { findRootKeyIds } from '../access/key-families.js'
import type { Context } from '../context/context.js'
import { perform, type IdempotentCreate } from '../context/perform.js'
import { ApiKey } from '../entities/api-key.js'
import type { Environment } from '../entities/enums.js'
import { generateApiKey, maskApiKey } from '../lib/api-key-format.js'
import { sha256 } from '../lib/digest.js'
import { newId } from '../lib/id.js'
import { Secret } from '../lib/secret.js'
import { resolveEnvironment } from '../tenancy/environment.js'
import { findProjectOrDefault } from '../tenancy/project.js'
import { Validator } from '../validation/validator.js'
import { validateGrants, assertCanManageKeys, assertInheritable, assertExpiryWithinActor, type ApiKeyGrants } from './api-key-rules.js'
import { findApiKey } from './find-api-key.js'
import { toAllowedIps, toEndUserScope } from './key-scope-input.js'

export interface CreateApiKeyArgs extends ApiKeyGrants {
  readonly environment?: Environment | null | undefined
  readonly projectId?: string | null | undefined
  readonly expiresAt?: Date | null | undefined
  readonly idempotencyKey?: string | null | undefined
}

/** `idempotency`: replay of a repeated request, see {@link createApiKeyOnce}. @throws DomainError */
export async function createApiKey<S = never>(
  ctx: Context,
  input: CreateApiKeyArgs,
  idempotency?: IdempotentCreate<S>,
): Promise<{ apiKey: ApiKey; secret: Secret } | S> {
  return perform(
    ctx,
    'api_key:create',
    async ({ em, actor, now, permit }) => {
      const validator = new Validator()
      validateGrants(validator, input)
      validator.idempotencyKey(input.idempotencyKey)
      validator.future('expiresAt', input.expiresAt, now)
      validator.throwIfInvalid()
      const environment = resolveEnvironment(actor, input.environment)
      permit({ environment })
      assertCanManageKeys(actor, null)
      const project = await findProjectOrDefault(em, input.projectId)
      const id = newId('key', now)
      permit({ id, isNew: true, projectId: project.id, environment })
      const permissions = [...(input.permissions ?? actor.permissions)]
      if (!input.permissions) assertInheritable(permissions)
      assertCanGrant(actor, permissions)
      // Omitted: the creator's own expiry. An explicit null asks for no expiry, which an expiring creator cannot grant.
      const expiresAt = input.expiresAt === undefined ? maxExpiry(actor, 'key') : input.expiresAt
      assertExpiryWithinActor(actor, expiresAt, ['input', 'expiresAt'])
      const secret = generateApiKey(ctx.services.config.keyPrefix, environment)
      const apiKey = Object.assign(new ApiKey(), {
        id,
        organizationId: actor.organizationId,
        projectId: project.id,
        environment,
        label: input.label ?? null,
        digest: sha256(secret),
        previousDigest: null,
        preview: maskApiKey(secret),
        permissions,
        rateLimits: [...(input.rateLimits ?? [])],
        allowedAudiences: input.allowedAudiences ? [...input.allowedAudiences] : null,
        endUserScope: input.endUsers ? toEndUserScope(input.endUsers) : null,
        allowedIps: toAllowedIps(input.allowedIps ?? null),
        authVersion: 0,
        createdAt: now,
        updatedAt: now,
        expiresAt,
        lastUsedAt: null,
        rotatedAt: null,
        previousSecretExpiresAt: null,
        endOverlapAtFirstUse: false,
        suspendedAt: null,
        revokedAt: null,
        sandboxResetAt: null,
        resetTokensExpireAt: null,
        createdBy: actor.id,
        rootKeyIds: actor.apiKey && [...(await findRootKeyIds(em, [actor.apiKey.id]))],
        revokedBy: null,
      })
      em.persist(apiKey)
      return { apiKey, secret: new Secret(secret) }
    },
    idempotency,
  )
}

/** Idempotent {@link createApiKey}: a repeated `idempotencyKey` answers the first key, with `secret` null. */
export async function createApiKeyOnce(ctx: Context, input: CreateApiKeyArgs): Promise<{ apiKey: ApiKey; secret: Secret | null }> {
  return createApiKey(ctx, input, {
    key: input.idempotencyKey,
    input,
    async replay({ em, permit }, id) {
      const apiKey = await findApiKey(em, id)
      permit(apiKey)
      return { apiKey, secret: null }
    },
  })
}
