/** Revokes the API key whose secret somebody presents as leaked. Possession of the secret is the authorization. */
import { systemActor } from '../access/actor.js'
import type { Context } from '../context/context.js'
import { perform } from '../context/perform.js'
import { readKey } from '../database/queries/credentials.js'
import { ApiKey } from '../entities/api-key.js'
import { sha256 } from '../lib/crypto/digest.js'
import type { Secret } from '../lib/secret.js'

/** Returns whether the secret is that of a key, even of a revoked one. @param details details of the audit event */
export async function revokeLeakedApiKey(ctx: Context, secret: Secret, details: Readonly<Record<string, string>> = {}): Promise<boolean> {
  const text = secret.reveal()
  const key = await readKey(ctx.services.queryRunner, text, ctx.now())
  if (!key) return false
  if (key.revokedAt) return true
  const { id, organizationId, projectId, environment } = key
  // The reporter has no account here: the event names the address alone.
  const actor = { ...systemActor(organizationId), permissions: [], projectIds: [projectId], environment }
  await perform(ctx.withActor(actor), 'api_key:report_leaked', async ({ em, now, permit, addDetails }) => {
    permit({ id, projectId, environment })
    addDetails(details)
    const apiKey = await em.findOneOrFail(ApiKey, { id })
    // A rotation may have replaced the secret since: the new one did not leak.
    if (!apiKey.revokedAt && apiKey.acceptsDigest(sha256(text), now)) apiKey.revoke(null, now)
  })
  return true
}
