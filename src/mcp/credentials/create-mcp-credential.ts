/** Creates an MCP credential. Its value is sealed to its row before the write, and the API never returns it. */
import type { Context } from '../../context/context.js'
import { perform, type ActionScopeFor } from '../../context/perform.js'
import { McpCredential, noOAuth } from '../../entities/mcp-credential.js'
import { forbidden, objectNotFound } from '../../lib/errors.js'
import { newId } from '../../lib/id.js'
import { upsertEndUser } from '../../tenancy/end-user.js'
import { Validator, maxNameLength } from '../../validation/validator.js'
import { findMcpServer } from '../find-mcp-server.js'
import { validateAuth, sealValue, toCredentialValue, type McpAuth } from './credential-value.js'

export interface CreateMcpCredentialArgs {
  readonly serverId: string
  readonly name?: string | null | undefined
  readonly auth: McpAuth
  readonly expiresAt?: Date | null | undefined
  readonly idempotencyKey?: string | null | undefined
}

/** @throws DomainError INVALID, FORBIDDEN or NOT_FOUND */
export async function createMcpCredential(ctx: Context, input: CreateMcpCredentialArgs): Promise<{ credential: McpCredential }> {
  const create = async ({
    em,
    actor,
    now,
    permit,
    addDetails,
  }: ActionScopeFor<'mcp_credential:create'>): Promise<{ credential: McpCredential }> => {
    const validator = new Validator()
    validator.idempotencyKey(input.idempotencyKey)
    validator.text('name', input.name, maxNameLength)
    validateAuth(validator, input.auth)
    validator.future('expiresAt', input.expiresAt, now)
    validator.throwIfInvalid()
    permit()
    const server = await findMcpServer(em, input.serverId, 'serverId')
    const { organizationId, projectId, environment, origin } = server
    const id = newId('mcp_cred', now)
    permit({ id, isNew: true, projectId, environment })
    const endUserId = actor.endUser?.id ?? null
    if (server.endUserId !== null && server.endUserId !== endUserId) {
      throw forbidden('The MCP server belongs to an end user. Only that end user can store credentials for it: send X-On-Behalf-Of.')
    }
    addDetails({ serverId: server.id })
    const value = toCredentialValue(input.auth)
    const { authType, authorizationPreview, headerNames } = value
    const credential = Object.assign(new McpCredential(), {
      id,
      organizationId,
      projectId,
      environment,
      endUserId,
      serverId: server.id,
      origin,
      name: input.name ?? null,
      authType,
      authorizationPreview,
      headerNames,
      sealedValue: null as string | null,
      expiresAt: input.expiresAt ?? null,
      lastUsedAt: null,
      healthStatus: 'UNKNOWN' as const,
      healthChangedAt: null,
      healthHttpStatus: null,
      version: 1,
      ...noOAuth(),
      createdAt: now,
      updatedAt: now,
      revokedAt: null,
    })
    credential.sealedValue = sealValue(ctx.services.masterKeys, credential, value)
    if (actor.endUser) await upsertEndUser(em, server, actor.endUser.externalId, now)
    em.persist(credential)
    return { credential }
  }
  return perform(ctx, 'mcp_credential:create', create, {
    key: input.idempotencyKey,
    input,
    async replay({ em, permit }, id) {
      const credential = await em.findOne(McpCredential, { id })
      if (!credential) throw objectNotFound('MCP credential')
      permit(credential)
      return { credential }
    },
  })
}
