/**
 * Tries a server out before an agent depends on it: authorised first, then the network, then one change that records
 * the outcome. Whatever is wrong with the server is an answer, not an error.
 */
import type { Actor } from '../../access/actor.js'
import type { Context } from '../../context/context.js'
import { perform, authorizeRead } from '../../context/perform.js'
import { McpCredential } from '../../entities/mcp-credential.js'
import type { McpServer } from '../../entities/mcp-server.js'
import { forbidden } from '../../lib/errors.js'
import { Validator } from '../../validation/validator.js'
import { openValue } from '../credentials/credential-value.js'
import { isUsable, findCredential, findLatestCredential } from '../credentials/select-credential.js'
import { findMcpServer } from '../find-mcp-server.js'
import { beginExchange } from '../in-flight.js'
import { probe, unavailableCredential, type McpTestFailure, type ProbeResult } from './probe.js'

/** Milliseconds. */
export const minTestMs = 100
export const maxTestMs = 10_000

export interface McpServerTest {
  readonly connected: boolean
  readonly toolCount: number
  readonly toolNames: readonly string[]
  readonly protocolVersion: string | null
  readonly durationMs: number
  readonly failure: McpTestFailure | null
}

export interface TestOfServer {
  readonly serverId: string
  readonly credentialId?: string | null | undefined
  readonly timeoutMs?: number | null | undefined
}

interface Plan {
  readonly actor: Actor
  readonly server: McpServer
  readonly credential: McpCredential | null
  readonly isCredentialUsable: boolean
}

export async function testMcpServer(ctx: Context, input: TestOfServer): Promise<{ server: McpServer; test: McpServerTest }> {
  const release = beginExchange(ctx, 'call')
  try {
    return await runTest(ctx, input)
  } finally {
    release()
  }
}

async function runTest(ctx: Context, input: TestOfServer): Promise<{ server: McpServer; test: McpServerTest }> {
  // What this request read before may have changed since.
  ctx.clearCaches()
  const plan = await prepareTest(ctx, input)
  const { server, credential } = plan
  const startedAt = ctx.now()
  const outcome = plan.isCredentialUsable
    ? await probe(ctx.app.outbound, server, openFor(ctx, credential), input.timeoutMs ?? maxTestMs)
    : unavailableCredential
  const { failure, toolNames, protocolVersion } = outcome
  const durationMs = ctx.now().getTime() - startedAt.getTime()
  await record(ctx, plan, outcome, durationMs)
  const test = { connected: failure === null, toolCount: toolNames.length, toolNames, protocolVersion, durationMs, failure }
  return { server, test }
}

const prepareTest = (ctx: Context, { serverId, credentialId, timeoutMs }: TestOfServer): Promise<Plan> =>
  authorizeRead(ctx, 'mcp_server:test', async ({ actor, now, permit }) => {
    const validator = new Validator()
    validator.notNull('timeoutMs', timeoutMs)
    validator.integer('timeoutMs', timeoutMs, minTestMs, maxTestMs)
    validator.throwIfInvalid()
    permit({ named: serverId })
    const server = await findMcpServer(ctx.em, serverId, 'serverId')
    const named = credentialId == null ? null : await findCredential(ctx.em, server, credentialId)
    permit(server)
    if (named && named.endUserId !== (actor.endUser?.id ?? null))
      throw forbidden("An end user's credential is used for that end user only.")
    const credential = named ?? (await findLatestCredential(ctx.em, actor, server, now))
    return { actor, server, credential, isCredentialUsable: credential === null || isUsable(credential, server, now) }
  })

/** @throws SealError, after telling the log which row does not open. */
function openFor({ app }: Context, credential: McpCredential | null): Record<string, string> | null {
  try {
    return credential && openValue(app.masterKeys, credential)
  } catch (error) {
    app.log.error({ err: error, credentialId: credential?.id }, 'a stored credential does not open')
    throw error
  }
}

/** The use has taken place, so it is recorded even if the caller has lost its standing since, or has left. */
async function record(
  ctx: Context,
  { actor, server, credential }: Plan,
  { failure, wasSent, toolNames }: ProbeResult,
  durationMs: number,
): Promise<void> {
  const recorder = ctx.withActor({ ...actor, authVersion: null })
  recorder.deadline = null
  await perform(recorder, 'mcp_server:test', async ({ em, now, permit, addDetails }) => {
    permit(server)
    addDetails({ credentialId: credential?.id ?? null, connected: failure === null, toolCount: toolNames.length, durationMs, wasSent })
    if (failure) addDetails({ failure: failure.code, httpStatus: failure.httpStatus })
    if (credential && wasSent) await em.nativeUpdate(McpCredential, { id: credential.id }, { lastUsedAt: now })
  })
  ctx.clearCaches()
}
