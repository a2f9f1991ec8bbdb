/** What a server may be called, where it may stand, and who may change it. */
import type { EntityManager } from '@mikro-orm/core'

import type { Actor } from '../../access/actor.js'
import type { McpApprovalPolicy } from '../../entities/enums.js'
import { McpServer } from '../../entities/mcp-server.js'
import { conflict, DomainError, forbidden } from '../../lib/errors.js'
import type { Outbound } from '../../outbound/outbound.js'
import { maxUrlLength, type Validator, maxNameLength } from '../../validation/validator.js'
export const maxLabelLength = 255
export const maxDescriptionLength = 10_000
export const maxTools = 256
/** Bytes of JSON in UTF-8. */
export const maxMetadataBytes = 16_384
/** Levels of objects and lists, the outermost included. */
export const maxMetadataDepth = 5

export interface McpServerFields {
  readonly name?: string | null | undefined
  readonly serverLabel?: string | null | undefined
  readonly serverUrl?: string | null | undefined
  readonly serverDescription?: string | null | undefined
  readonly allowedTools?: readonly string[] | null | undefined
  readonly requireApproval?: McpApprovalPolicy | null | undefined
  readonly metadata?: Readonly<Record<string, unknown>> | null | undefined
}

const labelForm = /^[A-Za-z0-9._-]+$/
const toolForm = /^[A-Za-z0-9_.-]{1,128}$/

/** Kept as written, so what a URL parser would strip is refused. */
function validateUrl(text: string): string | undefined {
  if (text.length > maxUrlLength) return `must have at most ${maxUrlLength} characters`
  if (!/^https?:\/\/[\x21-\x7E]+$/i.test(text) || !URL.canParse(text)) return 'must be an absolute https URL'
  const { username, password } = new URL(text)
  if (username !== '' || password !== '' || text.split(/[/?#]/, 3)[2]?.includes('@')) return 'must not have a user name or password in it'
  return text.includes('#') ? 'must not have a fragment' : undefined
}

/** PostgreSQL stores no NUL, and JSON no half of a surrogate pair. */
const isStorable = (text: string): boolean => !text.includes('\0') && text.isWellFormed()

function validateMetadata(value: unknown, depth = 1): string | undefined {
  if (typeof value === 'string') return isStorable(value) ? undefined : 'must be well-formed Unicode without NUL'
  if (typeof value !== 'object' || value === null) return undefined
  if (depth > maxMetadataDepth) return `must not be nested deeper than ${maxMetadataDepth} levels`
  for (const [key, inner] of Object.entries(value)) {
    const fault = validateMetadata(key) ?? validateMetadata(inner, depth + 1)
    if (fault) return fault
  }
  return undefined
}

export function validateServer(validator: Validator, words: McpServerFields): void {
  for (const field of ['name', 'serverLabel', 'serverUrl', 'requireApproval', 'metadata'] as const) validator.notNull(field, words[field])
  validator.text('name', words.name, maxNameLength)
  validator.text('serverLabel', words.serverLabel, maxLabelLength)
  if (words.serverLabel && words.serverLabel.length <= maxLabelLength && !labelForm.test(words.serverLabel))
    validator.addIssue('serverLabel', 'must have letters, digits, ".", "_" and "-" only')
  const fault = words.serverUrl == null ? undefined : validateUrl(words.serverUrl)
  if (fault) validator.addIssue('serverUrl', fault)
  validator.text('serverDescription', words.serverDescription, maxDescriptionLength, 0)
  validator.list('allowedTools', words.allowedTools, maxTools, (tool) =>
    toolForm.test(tool) ? undefined : 'must be a tool name: 1 to 128 letters, digits, ".", "_" and "-"',
  )
  if (!words.metadata) return
  // The depth first: JSON.stringify overflows the stack on what is deep enough.
  const inner = validateMetadata(words.metadata)
  if (inner) validator.addIssue('metadata', inner)
  else if (Buffer.byteLength(JSON.stringify(words.metadata)) > maxMetadataBytes)
    validator.addIssue('metadata', `must have at most ${maxMetadataBytes} bytes`)
}

/** @throws DomainError URL_NOT_ALLOWED for a place that no request may go to. */
export function assertUrlAllowed(outbound: Outbound, serverUrl: string | null | undefined): void {
  const fault = serverUrl == null ? undefined : outbound.fault(serverUrl)
  if (fault) throw new DomainError([{ code: 'URL_NOT_ALLOWED', message: `"serverUrl" ${fault}.`, path: ['input', 'serverUrl'] }])
}

/** @throws DomainError FORBIDDEN */
export function assertCanModify({ endUser }: Actor, server: McpServer): void {
  if (endUser && server.endUserId !== endUser.id)
    throw forbidden('This server belongs to the backend: an end user may attach credentials to it, not change it.')
}

/** @throws DomainError CONFLICT when the owner has another server of this label. */
export async function assertLabelAvailable(
  em: EntityManager,
  { id, organizationId, projectId, environment, ownerKey }: McpServer,
  serverLabel: string,
): Promise<void> {
  const where = { organizationId, projectId, environment, ownerKey, serverLabel, id: { $ne: id } }
  if (await em.findOne(McpServer, where)) throw conflict('There is an MCP server with this label already.', ['input', 'serverLabel'])
}
