/** Stores a client that a person registered at an authorization server. Its secret is sealed, and the API never returns it. */
import type { Context } from '../../context/context.js'
import { perform, type ActionScopeFor } from '../../context/perform.js'
import type { Environment } from '../../entities/enums.js'
import { clientSecretAad, McpOAuthClient } from '../../entities/mcp-oauth-client.js'
import { seal } from '../../lib/crypto/seal.js'
import { conflict, objectNotFound } from '../../lib/errors.js'
import type { Secret } from '../../lib/secret.js'
import { resolveEnvironment } from '../../tenancy/environment.js'
import { findProjectOrDefault } from '../../tenancy/project.js'
import { Validator } from '../../validation/validator.js'
import { buildClient, isClientText } from '../connections/register-client.js'
import { issuerIssue } from '../servers/server-oauth.js'
import { assertUrlAllowed } from '../servers/server-rules.js'

export const maxClientIdLength = 1024
export const maxClientSecretLength = 1024

export interface CreateMcpOAuthClientArgs {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret?: Secret | null | undefined
  readonly projectId?: string | null | undefined
  readonly environment?: Environment | null | undefined
  readonly idempotencyKey?: string | null | undefined
}

const textIssue = (text: string, max: number): string | undefined =>
  isClientText(text, max) ? undefined : `must be 1 to ${max} printable ASCII characters`

export const secretIssue = (secret: string): string | undefined => textIssue(secret, maxClientSecretLength)

function validate(input: CreateMcpOAuthClientArgs): void {
  const validator = new Validator()
  const secret = input.clientSecret?.reveal()
  const issues = {
    issuer: issuerIssue(input.issuer),
    clientId: textIssue(input.clientId, maxClientIdLength),
    clientSecret: secret === undefined ? undefined : secretIssue(secret),
  }
  for (const [field, issue] of Object.entries(issues)) if (issue) validator.addIssue(field, issue)
  validator.idempotencyKey(input.idempotencyKey)
  validator.throwIfInvalid()
}

/** @throws DomainError INVALID, URL_NOT_ALLOWED, FORBIDDEN, NOT_FOUND or CONFLICT */
export async function createMcpOAuthClient(ctx: Context, input: CreateMcpOAuthClientArgs): Promise<{ client: McpOAuthClient }> {
  const { services } = ctx
  const create = async ({
    em,
    actor,
    now,
    permit,
    addDetails,
  }: ActionScopeFor<'mcp_oauth_client:create'>): Promise<{ client: McpOAuthClient }> => {
    validate(input)
    assertUrlAllowed(services.outbound, input.issuer, ['issuer'])
    const environment = resolveEnvironment(actor, input.environment)
    permit({ environment })
    const project = await findProjectOrDefault(em, input.projectId)
    const place = { organizationId: actor.organizationId, projectId: project.id, environment }
    const { issuer, clientId } = input
    const client = buildClient(place, { issuer, kind: 'STATIC', clientId: () => clientId, url: services.config.url }, now)
    permit({ id: client.id, isNew: true, projectId: project.id, environment })
    addDetails({ issuer })
    if (await em.findOne(McpOAuthClient, { projectId: project.id, environment, issuer, kind: 'STATIC' }))
      throw conflict(
        '"issuer" has a client already. Replace its secret with updateMcpOAuthClient, or delete it with deleteMcpOAuthClient first.',
        ['input', 'issuer'],
      )
    if (input.clientSecret) client.sealedSecret = seal(services.masterKeys, clientSecretAad(client), input.clientSecret.reveal())
    em.persist(client)
    return { client }
  }
  return perform(ctx, 'mcp_oauth_client:create', create, {
    key: input.idempotencyKey,
    input,
    async replay({ em, permit }, id) {
      const client = await em.findOne(McpOAuthClient, { id })
      if (!client) throw objectNotFound('OAuth client')
      permit(client)
      return { client }
    },
  })
}
