/** Explains if a credential may do something, by the functions that decide it for a request. Changes and consumes nothing. */
import { assertMayNameEndUser } from '../access/end-user-scope.js'
import type { KeyhousePermission } from '../access/permission-definitions.js'
import { parsePermission, validatePermission } from '../access/permissions.js'
import { requirePermission } from '../access/permit.js'
import type { Context } from '../context/context.js'
import { readAccessToken, readKeyById } from '../database/queries/credentials.js'
import { AccessToken } from '../entities/access-token.js'
import { ApiKey } from '../entities/api-key.js'
import { EndUser } from '../entities/end-user.js'
import { McpServer } from '../entities/mcp-server.js'
import { Member } from '../entities/member.js'
import { SigningKey } from '../entities/signing-key.js'
import { badUserInput } from '../lib/errors.js'
import { externalIdMessage, isExternalId } from '../lib/external-id.js'
import { isId } from '../lib/id.js'
import { isToolName } from '../mcp/tool-access.js'
import type { AccessLink, ExplainAccessArgs } from './access-links.js'
import { audienceLink } from './audience-link.js'
import { resolveGrant } from './explain-grant.js'
import { explainKey, explainMember, explainToken, type ExplainedCaller } from './explained-caller.js'
import { permissionLink } from './permission-link.js'
import { explainServer } from './server-links.js'

export interface AccessExplanation {
  readonly allowed: boolean
  readonly links: readonly AccessLink[]
}

type Resolve = (ctx: Context, input: ExplainAccessArgs) => Promise<ExplainedCaller | null>

/** Kinds of subject, by id prefix. The record is loaded within the tenant first: the statements of authentication have no tenant. */
const subjects: Readonly<Record<string, { readonly permission: KeyhousePermission; readonly resolve: Resolve }>> = {
  key: { permission: 'api_key:read', resolve: resolveKey },
  at: { permission: 'access_token:read', resolve: resolveToken },
  grant: { permission: 'oauth_grant:read', resolve: resolveGrant },
  mem: { permission: 'member:read', resolve: resolveMember },
}

/** Null if the subject or the server is not visible to the caller. @throws RequestError BAD_USER_INPUT; DomainError FORBIDDEN */
export async function explainAccess(ctx: Context, input: ExplainAccessArgs): Promise<AccessExplanation | null> {
  validate(input)
  const subject = Object.entries(subjects).find(([prefix]) => isId(input.subjectId, prefix))?.[1]
  const { serverId, tool, permission } = input
  if (subject) requirePermission(ctx.actor, subject.permission)
  if (serverId != null) for (const needed of ['mcp_server:read', 'mcp_credential:read']) requirePermission(ctx.actor, needed)
  if (input.externalUserId != null) assertMayNameEndUser(ctx.actor, input.externalUserId)
  const caller = subject && (await subject.resolve(ctx, input))
  // The servers and credentials of an end user are told only to a key that may act for it.
  if (serverId != null && caller?.actor.endUser) assertMayNameEndUser(ctx.actor, caller.actor.endUser.externalId)
  if (!caller || (serverId != null && !(await isServerVisible(ctx, caller, serverId)))) return null
  const links = [...caller.links]
  if (permission != null) links.push(permissionLink(caller.actor, caller.holders, permission))
  if (serverId != null) links.push(...(await explainServer(ctx, caller, serverId, tool ?? null)))
  return { allowed: links.every(({ allowed }) => allowed), links }
}

/** @throws RequestError BAD_USER_INPUT */
function validate({ externalUserId, permission, serverId, tool }: ExplainAccessArgs): void {
  if (externalUserId != null && !isExternalId(externalUserId)) throw badUserInput(`"externalUserId" ${externalIdMessage}.`)
  if (permission != null && serverId != null) throw badUserInput('"permission" and "serverId" exclude each other. Omit one of them.')
  if (tool != null && serverId == null) throw badUserInput('"serverId" is required with "tool".')
  if (tool != null && !isToolName(tool)) throw badUserInput('"tool" must be 1 to 128 letters, digits, "_", "." or "-".')
  if (permission == null) return
  const issue = validatePermission(permission)
  if (issue !== undefined) throw badUserInput(`"permission" ${issue}.`)
  if (parsePermission(permission)?.action === '*') throw badUserInput('"permission" must be a single permission, without "*".')
}

async function resolveKey(ctx: Context, { subjectId, externalUserId }: ExplainAccessArgs): Promise<ExplainedCaller | null> {
  const key = (await ctx.load(ApiKey, subjectId)) && (await readKeyById(ctx.services.queryRunner, subjectId))
  return key ? explainKey(key, externalUserId ?? undefined, ctx.now()) : null
}

async function resolveToken(ctx: Context, input: ExplainAccessArgs): Promise<ExplainedCaller | null> {
  const record = await ctx.load(AccessToken, input.subjectId)
  const token = record && (await readAccessToken(ctx.services.queryRunner, record.id))
  if (!token) return null
  const [signingKey, endUser] = await Promise.all([
    ctx.load(SigningKey, record.signingKeyId),
    ctx.loadInOrganization(record, EndUser, record.endUserId),
  ])
  const context = {
    signingKeyRetiredAt: signingKey?.retiredAt ?? null,
    audienceLink: audienceLink(ctx, record, input),
    // No id is empty, so no scope allows a forgotten end user.
    subject: record.endUserId === '' ? null : (endUser?.externalId ?? ''),
  }
  return explainToken(token, context, input.externalUserId ?? undefined, ctx.now())
}

async function resolveMember(ctx: Context, { subjectId, externalUserId }: ExplainAccessArgs): Promise<ExplainedCaller | null> {
  const member = await ctx.load(Member, subjectId)
  return member && explainMember(member, externalUserId ?? undefined)
}

/** An API key sees the servers of an end user that it could name in `X-On-Behalf-Of`. */
async function isServerVisible(ctx: Context, { actor: { endUser } }: ExplainedCaller, serverId: string): Promise<boolean> {
  const viewer = ctx.actor.apiKey && endUser ? ctx.withActor({ ...ctx.actor, endUser }) : ctx
  return isId(serverId, 'mcp_srv') && (await viewer.load(McpServer, serverId)) !== null
}
