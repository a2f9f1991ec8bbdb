/** Creates an MCP server, owned by the backend or by the end user that the caller acts for. */
import type { Context } from '../../context/context.js'
import { perform, type ActionScopeFor } from '../../context/perform.js'
import type { Environment } from '../../entities/enums.js'
import { McpServer, toOwnerKey } from '../../entities/mcp-server.js'
import { newId } from '../../lib/id.js'
import { upsertEndUser } from '../../tenancy/end-user.js'
import { resolveEnvironment } from '../../tenancy/environment.js'
import { findProjectOrDefault } from '../../tenancy/project.js'
import { Validator } from '../../validation/validator.js'
import { findMcpServer } from '../find-mcp-server.js'
import { toServerOAuth } from './server-oauth.js'
import { validateServer, assertLabelAvailable, assertUrlAllowed, type McpServerFields } from './server-rules.js'

export interface CreateMcpServerArgs extends McpServerFields {
  readonly name: string
  readonly serverLabel: string
  readonly serverUrl: string
  readonly projectId?: string | null | undefined
  readonly environment?: Environment | null | undefined
  readonly idempotencyKey?: string | null | undefined
}

/** @throws DomainError INVALID, URL_NOT_ALLOWED, FORBIDDEN, NOT_FOUND or CONFLICT */
export async function createMcpServer(ctx: Context, input: CreateMcpServerArgs): Promise<{ server: McpServer }> {
  const create = async ({ em, actor, now, permit }: ActionScopeFor<'mcp_server:create'>): Promise<{ server: McpServer }> => {
    const validator = new Validator()
    validateServer(validator, input)
    validator.idempotencyKey(input.idempotencyKey)
    validator.throwIfInvalid()
    assertUrlAllowed(ctx.services.outbound, input.serverUrl)
    assertUrlAllowed(ctx.services.outbound, input.oauth?.issuer, ['oauth', 'issuer'])
    const environment = resolveEnvironment(actor, input.environment)
    permit({ environment })
    const project = await findProjectOrDefault(em, input.projectId)
    const id = newId('mcp_srv', now)
    const scope = { organizationId: actor.organizationId, projectId: project.id, environment }
    permit({ id, isNew: true, ...scope })
    const endUserId = actor.endUser?.id ?? null
    const server = Object.assign(new McpServer(), {
      id,
      ...scope,
      endUserId,
      ownerKey: toOwnerKey(endUserId),
      name: input.name,
      serverLabel: input.serverLabel,
      serverUrl: input.serverUrl,
      serverDescription: input.serverDescription ?? null,
      allowedTools: input.allowedTools ? [...input.allowedTools] : null,
      requireApproval: input.requireApproval ?? 'ALWAYS',
      oauth: toServerOAuth(input.oauth),
      metadata: { ...input.metadata },
      sharedCredentialId: null,
      createdAt: now,
      updatedAt: now,
    })
    await assertLabelAvailable(em, server, input.serverLabel)
    if (actor.endUser) await upsertEndUser(em, scope, actor.endUser.externalId, now)
    em.persist(server)
    return { server }
  }
  return perform(ctx, 'mcp_server:create', create, {
    key: input.idempotencyKey,
    input,
    async replay({ em, permit }, id) {
      const server = await findMcpServer(em, id)
      permit(server)
      return { server }
    },
  })
}
