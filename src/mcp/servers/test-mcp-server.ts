/**
 * Tests an MCP server: authorizes, connects outside any transaction, then records the result. A failure of the server is
 * part of the payload, not an error.
 */
import type { Actor } from '../../access/actor.js'
import type { Context } from '../../context/context.js'
import { perform, authorizeRead } from '../../context/perform.js'
import type { McpCredential } from '../../entities/mcp-credential.js'
import type { McpServer } from '../../entities/mcp-server.js'
import { forbidden } from '../../lib/errors.js'
import { OAuthClientError } from '../../outbound/oauth-client-error.js'
import { Validator } from '../../validation/validator.js'
import { needsRenewal, renewCredential } from '../connections/renew-credential.js'
import { openValue } from '../credentials/credential-value.js'
import { findMcpCredential } from '../credentials/find-mcp-credential.js'
import type { UsableCredential } from '../credentials/open-credential.js'
import { isUsable, findLatestCredential, findSharedCredential } from '../credentials/select-credential.js'
import { findMcpServer } from '../find-mcp-server.js'
import { acquireExchangeSlot } from '../in-flight.js'
import { notRenewed, probe, unavailableCredential, type McpTestFailure, type ProbeResult } from './probe.js'

/** Limits of the timeout. */
export const minTestTimeoutMs = 100
export const maxTestTimeoutMs = 10_000

export interface McpServerTest {
  readonly connected: boolean
  readonly toolCount: number
  readonly toolNames: readonly string[]
  readonly protocolVersion: string | null
  readonly durationMs: number
  readonly failure: McpTestFailure | null
}

export interface TestMcpServerArgs {
  readonly serverId: string
  readonly credentialId?: string | null | undefined
  readonly timeoutMs?: number | null | undefined
}

interface PreparedTest {
  readonly actor: Actor
  readonly server: McpServer
  readonly credential: McpCredential | null
  readonly isCredentialUsable: boolean
}

/** @throws DomainError INVALID, FORBIDDEN or NOT_FOUND; RequestError CONCURRENCY_LIMITED; SealError */
export async function testMcpServer(ctx: Context, input: TestMcpServerArgs): Promise<{ server: McpServer; test: McpServerTest }> {
  const release = acquireExchangeSlot(ctx, 'call')
  try {
    return await runTest(ctx, input)
  } finally {
    release()
  }
}

async function runTest(ctx: Context, input: TestMcpServerArgs): Promise<{ server: McpServer; test: McpServerTest }> {
  // Rows read earlier in this request may be stale.
  ctx.clearCaches()
  const preparedTest = await prepareTest(ctx, input)
  const { server, credential: stored } = preparedTest
  const startedAt = ctx.now()
  const timeoutMs = input.timeoutMs ?? maxTestTimeoutMs
  const result = preparedTest.isCredentialUsable ? await probeRenewed(ctx, server, stored, timeoutMs) : unavailableCredential
  const { failure, toolNames, protocolVersion } = result
  const durationMs = ctx.now().getTime() - startedAt.getTime()
  await recordResult(ctx, preparedTest, result, durationMs)
  const test = { connected: failure === null, toolCount: toolNames.length, toolNames, protocolVersion, durationMs, failure }
  return { server, test }
}

async function probeRenewed(ctx: Context, server: McpServer, stored: McpCredential | null, timeoutMs: number): Promise<ProbeResult> {
  try {
    const credential = await renewIfNeeded(ctx, server, stored)
    if (credential === undefined) return unavailableCredential
    return await probe(ctx.services.outbound, server, openCredentialValue(ctx, credential), timeoutMs)
  } catch (error) {
    if (error instanceof OAuthClientError) return notRenewed(error.message)
    throw error
  }
}

/** Undefined when the account must be connected again. @throws OAuthClientError, if the access token has expired */
async function renewIfNeeded(
  ctx: Context,
  server: McpServer,
  credential: McpCredential | null,
): Promise<UsableCredential | null | undefined> {
  if (!credential || !needsRenewal(credential, ctx.now())) return credential
  try {
    const renewal = await renewCredential(ctx, server, credential)
    return typeof renewal === 'string' ? undefined : renewal
  } catch (error) {
    if (error instanceof OAuthClientError && credential.accessExpiresAt! > ctx.now()) return credential
    throw error
  }
}

const prepareTest = (ctx: Context, { serverId, credentialId, timeoutMs }: TestMcpServerArgs): Promise<PreparedTest> =>
  authorizeRead(ctx, 'mcp_server:test', async ({ actor, now, permit }) => {
    const validator = new Validator()
    validator.notNull('timeoutMs', timeoutMs)
    validator.integer('timeoutMs', timeoutMs, minTestTimeoutMs, maxTestTimeoutMs)
    validator.throwIfInvalid()
    permit({ requestedId: serverId })
    const server = await findMcpServer(ctx.em, serverId, 'serverId')
    const namedCredential = credentialId == null ? null : await findMcpCredential(ctx.em, credentialId, 'credentialId', server.id)
    const permitted = permit(server)
    if (namedCredential && namedCredential.endUserId !== (actor.endUser?.id ?? null))
      throw forbidden('The credential belongs to an end user. Send X-On-Behalf-Of for that end user to use it.')
    const own = namedCredential ?? (await findLatestCredential(ctx.em, actor, server, now))
    const credential = own ?? (actor.endUser ? await findSharedCredential(ctx.em, permitted, server, now) : null)
    return { actor, server, credential, isCredentialUsable: credential === null || isUsable(credential, server, now) }
  })

/** @throws SealError, after logging the credential's id */
function openCredentialValue({ services }: Context, credential: UsableCredential | null): Record<string, string> | null {
  try {
    return credential && openValue(services.masterKeys, credential)
  } catch (error) {
    services.log.error({ err: error, credentialId: credential?.id }, 'stored MCP credential cannot be decrypted')
    throw error
  }
}

/** Records the test even if the caller's credential was revoked, or the client disconnected, while it ran. */
async function recordResult(
  ctx: Context,
  { actor, server, credential }: PreparedTest,
  { failure, wasSent, toolNames }: ProbeResult,
  durationMs: number,
): Promise<void> {
  // Without `authVersion`, revocation is not checked again; without a deadline, a disconnect does not abort.
  const recorder = ctx.withActor({ ...actor, authVersion: null })
  recorder.deadline = null
  await perform(recorder, 'mcp_server:test', ({ permit, addDetails }) => {
    permit(server)
    addDetails({ credentialId: credential?.id ?? null, connected: failure === null, toolCount: toolNames.length, durationMs, wasSent })
    if (failure) addDetails({ failure: failure.code, httpStatus: failure.httpStatus })
    if (credential && credential.endUserId !== (actor.endUser?.id ?? null)) addDetails({ sharedCredential: true })
  })
  if (credential && wasSent) recordUse(ctx, credential, failure)
  ctx.clearCaches()
}

/** A test that lists the tools got responses with status 2xx. */
function recordUse(ctx: Context, credential: McpCredential, failure: McpTestFailure | null): void {
  const { writeBehind } = ctx.services
  const at = ctx.now()
  writeBehind.touchMcpCredential(credential.id, at)
  const httpStatus = failure ? failure.httpStatus : 200
  if (httpStatus !== null) writeBehind.recordCredentialResponse({ credential, httpStatus, at })
}
