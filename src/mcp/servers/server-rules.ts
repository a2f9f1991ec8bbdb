/** Validation and authorization rules that creating, updating and deleting an MCP server share. */
import type { EntityManager } from '@mikro-orm/core'

import type { Actor } from '../../access/actor.js'
import type { McpApprovalPolicy } from '../../entities/enums.js'
import { McpServer } from '../../entities/mcp-server.js'
import { conflict, DomainError, forbidden } from '../../lib/errors.js'
import type { Outbound } from '../../outbound/outbound.js'
import { maxUrlLength, type Validator, maxNameLength } from '../../validation/validator.js'
import { validateServerOAuth, type McpServerOAuthFields } from './server-oauth.js'

export const maxLabelLength = 255
export const maxDescriptionLength = 10_000
export const maxTools = 256
/** Bytes of JSON in UTF-8. */
export const maxMetadataBytes = 16_384

/** Fields that creating and updating a server share. */
export interface McpServerFields {
  readonly name?: string | null | undefined
  readonly serverLabel?: string | null | undefined
  readonly serverUrl?: string | null | undefined
  readonly serverDescription?: string | null | undefined
  readonly allowedTools?: readonly string[] | null | undefined
  readonly requireApproval?: McpApprovalPolicy | null | undefined
  readonly oauth?: McpServerOAuthFields | null | undefined
  readonly metadata?: Readonly<Record<string, unknown>> | null | undefined
}

const labelPattern = /^[A-Za-z0-9._-]+$/
const toolPattern = /^[A-Za-z0-9_.-]{1,128}$/

/** The URL is stored verbatim, so reject characters that a URL parser would strip. Returns the issue. */
function validateUrl(text: string): string | undefined {
  if (text.length > maxUrlLength) return `must have at most ${maxUrlLength} characters`
  if (!/^https?:\/\/[\x21-\x7E]+$/i.test(text) || !URL.canParse(text)) return 'must be an absolute https URL'
  const { username, password } = new URL(text)
  if (username !== '' || password !== '' || text.split(/[/?#]/, 3)[2]?.includes('@')) return 'must not contain a user name or password'
  return text.includes('#') ? 'must not have a fragment' : undefined
}

/** Adds every issue to `validator`; the caller throws. */
export function validateServer(validator: Validator, fields: McpServerFields): void {
  for (const field of ['name', 'serverLabel', 'serverUrl', 'requireApproval'] as const) validator.notNull(field, fields[field])
  validator.text('name', fields.name, maxNameLength)
  validator.text('serverLabel', fields.serverLabel, maxLabelLength)
  if (fields.serverLabel && fields.serverLabel.length <= maxLabelLength && !labelPattern.test(fields.serverLabel))
    validator.addIssue('serverLabel', 'must have letters, digits, ".", "_" and "-" only')
  const issue = fields.serverUrl == null ? undefined : validateUrl(fields.serverUrl)
  if (issue) validator.addIssue('serverUrl', issue)
  validator.text('serverDescription', fields.serverDescription, maxDescriptionLength, 0)
  validator.list('allowedTools', fields.allowedTools, maxTools, (tool) =>
    toolPattern.test(tool) ? undefined : 'must be a tool name: 1 to 128 letters, digits, ".", "_" and "-"',
  )
  validateServerOAuth(validator, fields.oauth)
  validator.metadata('metadata', fields.metadata, maxMetadataBytes)
}

/** @throws DomainError URL_NOT_ALLOWED for an address that the outbound policy blocks (SSRF) */
export function assertUrlAllowed(outbound: Outbound, url: string | null | undefined, path: readonly string[] = ['serverUrl']): void {
  const issue = url == null ? undefined : outbound.validateUrl(url)
  if (issue) throw new DomainError([{ code: 'URL_NOT_ALLOWED', message: `"${path.join('.')}" ${issue}.`, path: ['input', ...path] }])
}

/** An end user can change only its own servers. @throws DomainError FORBIDDEN */
export function assertCanModify({ endUser }: Actor, server: McpServer): void {
  if (endUser && server.endUserId !== endUser.id)
    throw forbidden('The MCP server belongs to the backend, so an end user cannot change it. Repeat the request without X-On-Behalf-Of.')
}

/** @throws DomainError CONFLICT when the owner has another server with this label */
export async function assertLabelAvailable(
  em: EntityManager,
  { id, organizationId, projectId, environment, ownerKey }: McpServer,
  serverLabel: string,
): Promise<void> {
  const where = { organizationId, projectId, environment, ownerKey, serverLabel, id: { $ne: id } }
  if (await em.findOne(McpServer, where))
    throw conflict('"serverLabel" is taken by another MCP server of this owner. Choose another label.', ['input', 'serverLabel'])
}
