/** The keys of this deployment that sign tokens, newest first. */
import { requirePermission } from '../access/permit.js'
import type { Context } from '../context/context.js'
import { SigningKey } from '../entities/signing-key.js'

export async function listSigningKeys(ctx: Context): Promise<SigningKey[]> {
  requirePermission(ctx.actor, 'signing_key:read')
  return ctx.em.findAll(SigningKey, { orderBy: { id: 'DESC' } })
}
