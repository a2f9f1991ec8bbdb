/** Connection test of an MCP server, with failures mapped to the codes of the public schema. */
import type { McpServer } from '../../entities/mcp-server.js'
import { createRedactor } from '../../lib/redact/redact.js'
import { runInSlices, type SlicedComputation } from '../../lib/slices.js'
import { OutboundError, type OutboundCode } from '../../outbound/outbound-error.js'
import type { Outbound } from '../../outbound/outbound.js'
import { encodeHeaders, listSecrets } from '../credentials/credential-secrets.js'
import { listTools } from './list-tools.js'
import { HttpStatusError } from './mcp-session.js'

export const testFailureCodes = [
  'CONNECTION_FAILED',
  'TLS_FAILED',
  'TIMEOUT',
  'UNAUTHORIZED',
  'PROTOCOL_ERROR',
  'URL_NOT_ALLOWED',
  'CREDENTIAL_UNAVAILABLE',
] as const
export type TestFailureCode = OutboundCode | (typeof testFailureCodes)[number]

export interface McpTestFailure {
  readonly code: TestFailureCode
  readonly message: string
  readonly httpStatus: number | null
}

export interface ProbeResult {
  readonly toolNames: readonly string[]
  readonly protocolVersion: string | null
  readonly failure: McpTestFailure | null
  /** True once a request, and with it the credential, has left the process. */
  readonly wasSent: boolean
}

const failed = (code: TestFailureCode, message: string, wasSent: boolean, httpStatus: number | null = null): ProbeResult => ({
  toolNames: [],
  protocolVersion: null,
  failure: { code, message, httpStatus },
  wasSent,
})

export const unavailableCredential = failed(
  'CREDENTIAL_UNAVAILABLE',
  'The credential is expired, revoked, to be connected again or stored for another origin. Store a new one with createMcpCredential, or connect the account with startMcpConnection.',
  false,
)

export const notRenewed = (reason: string): ProbeResult =>
  failed('CREDENTIAL_UNAVAILABLE', `The access token could not be renewed. ${reason}`, false)

/** True when a text contains part of the credential, in any encoding that the gateway redacts. */
function* containsSecret(texts: readonly string[], credential: Readonly<Record<string, string>>): SlicedComputation<boolean> {
  const { isSuspect, text: redact } = createRedactor(listSecrets(credential))
  for (const candidate of texts) {
    yield
    if (isSuspect(candidate) && (yield* redact(candidate)) !== candidate) return true
  }
  return false
}

/** Never throws for a failure of the server or the network: it returns the failure. */
export async function probe(
  outbound: Outbound,
  { organizationId, serverUrl: url }: Pick<McpServer, 'organizationId' | 'serverUrl'>,
  credential: Readonly<Record<string, string>> | null,
  timeoutMs: number,
): Promise<ProbeResult> {
  const signal = AbortSignal.timeout(timeoutMs)
  let wasSent = false
  const onSent = (): void => {
    wasSent = true
  }
  try {
    const { toolNames, protocolVersion } = await listTools(outbound, {
      organizationId,
      url,
      credential: credential && encodeHeaders(credential),
      signal,
      onSent,
    })
    if (credential && (await runInSlices(containsSecret([protocolVersion, ...toolNames], credential), organizationId)))
      throw new OutboundError('PROTOCOL_ERROR')
    return { toolNames, protocolVersion, failure: null, wasSent }
  } catch (error) {
    if (error instanceof HttpStatusError) return toHttpFailure(error, wasSent)
    if (error instanceof OutboundError) return failed(error.code, error.message, wasSent)
    throw error
  }
}

function toHttpFailure({ httpStatus }: HttpStatusError, wasSent: boolean): ProbeResult {
  const isAboutCredential = httpStatus === 401 || httpStatus === 403
  const code = isAboutCredential ? 'UNAUTHORIZED' : 'PROTOCOL_ERROR'
  const message = isAboutCredential
    ? 'The server requires a credential, or rejects this one. Store one with createMcpCredential, or connect the account with startMcpConnection.'
    : 'The server responded with an HTTP error status.'
  return failed(code, message, wasSent, httpStatus)
}
