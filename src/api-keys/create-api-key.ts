/** Creates an API key. Only this response contains its secret; the database keeps a digest. */
import { inheritedRootKeyIds } from '../access/key-families.js'
import type { Context } from '../context/context.js'
import { perform, type IdempotentCreate } from '../context/perform.js'
import type { ApiKey } from '../entities/api-key.js'
import type { Environment } from '../entities/enums.js'
import { generateApiKey, maskApiKey } from '../lib/api-key-format.js'
import { sha256 } from '../lib/crypto/digest.js'
import { newId } from '../lib/id.js'
import { Secret } from '../lib/secret.js'
import { resolveEnvironment } from '../tenancy/environment.js'
import { findProjectOrDefault } from '../tenancy/project.js'
import { Validator } from '../validation/validator.js'
import { validateGrants, assertCanManageKeys, resolveGrants, type NewApiKeyGrants } from './api-key-rules.js'
import { buildApiKey } from './build-api-key.js'
import { findApiKey } from './find-api-key.js'

export interface CreateApiKeyArgs extends NewApiKeyGrants {
  readonly environment?: Environment | null | undefined
  readonly projectId?: string | null | undefined
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
      const grants = resolveGrants(actor, input)
      const secret = generateApiKey(ctx.services.config.keyPrefix, environment)
      const apiKey = buildApiKey(
        actor,
        {
          ...grants,
          id,
          projectId: project.id,
          environment,
          digest: sha256(secret),
          importedDigest: null,
          preview: maskApiKey(secret),
          rootKeyIds: await inheritedRootKeyIds(em, actor),
        },
        now,
      )
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
