/** Errors of the gateway: a reason, the JSON-RPC code that it maps to, and how to remedy it. */
import type { ErrorDescription } from '../lib/error-codes.js'
import { rpcError, type JsonObject, type MessageId } from '../lib/json/json-rpc.js'

/**
 * JSON-RPC 2.0 §5.1 reserves -32768 to -32000, of which MCP and its SDKs use some for other things. The gateway's own codes
 * are outside. `docs/errors.md` is generated from this table.
 */
export const gatewayErrors = {
  PARSE_ERROR: { code: -32_700, cause: 'The message is not valid JSON, or not a JSON-RPC 2.0 message.', remedy: 'Correct the message.' },
  INVALID_REQUEST: { code: -32_600, cause: 'The message violates MCP: a tool call has no id.', remedy: 'Correct the message.' },
  PAYLOAD_TOO_LARGE: { code: -32_600, cause: 'The message is too large.', remedy: 'Send a smaller message.' },
  INVALID_PARAMS: {
    code: -32_602,
    cause: 'The call needs approval, and its parameters cannot be shown to a person exactly as they would be sent.',
    remedy: 'Send smaller or plain parameters.',
  },
  INVALID_REQUEST_STATE: {
    code: -32_602,
    cause: 'The `requestState` came from the gateway, for another call or end user or more than an hour ago.',
    remedy: 'Repeat the call without `requestState` and `inputResponses`.',
  },
  /** Code of MCP (2026-07-28, Streamable HTTP, Server Validation). */
  HEADER_MISMATCH: { code: -32_020, cause: 'A protocol header differs from the message.', remedy: 'Send headers that equal the message.' },
  FORBIDDEN: {
    code: 1001,
    cause: 'The credential of the caller may not use the gateway, or not in this way.',
    remedy: 'Use an API key or access token with the permission that `message` names.',
  },
  INSUFFICIENT_SCOPE: {
    code: 1001,
    cause: 'The token of the OAuth grant lacks a permission that the API key of the grant has.',
    remedy: 'Authorize again with the scope of the WWW-Authenticate header, which is `data.scope`.',
  },
  NOT_FOUND: {
    code: 1001,
    cause: 'No MCP server with this id is visible to the caller.',
    remedy: 'Check the id, and the project and environment of the credential.',
  },
  SESSION_NOT_FOUND: {
    code: 1001,
    cause: 'The session belongs to another caller, server or credential, or the value of the credential was replaced.',
    remedy: 'Start a new session with `initialize`.',
  },
  ORIGIN_NOT_ALLOWED: {
    code: 1001,
    cause: 'The `Origin` of a browser page is not allowed.',
    remedy: 'Add it to KEYHOUSE_CORS_ORIGINS.',
  },
  TOOL_NOT_ALLOWED: {
    code: 1001,
    cause: 'The tool is not available to the caller.',
    remedy: 'Add the tool to `allowedTools` of the server, and `mcp_tool:<name>` to the permissions of the credential.',
  },
  CONCURRENCY_LIMITED: {
    code: 1001,
    cause: 'Too many calls, streams or pending approvals of the end user, the API key or the organization.',
    remedy: 'Retry after `data.retryAfterMs`.',
  },
  LOOP_DETECTED: { code: 1001, cause: 'The message came back to the gateway.', remedy: 'Set `serverUrl` to the MCP server itself.' },
  APPROVAL_PENDING: {
    code: 1002,
    cause: 'The tool call requires approval. `data` has `approvalId` and `expiresAt`.',
    remedy: 'Repeat the same call once `decideMcpToolCall` has approved it.',
  },
  APPROVAL_DENIED: {
    code: 1003,
    cause: 'The tool call was denied. `data` has `approvalId`, `expiresAt`, `decisionReason` and `retryAfterMs`.',
    remedy: 'Do not repeat the call. The denial holds until `expiresAt`.',
  },
  NO_CREDENTIAL: {
    code: 1004,
    cause:
      'The vault has no usable credential for this server and caller. `data.connectUrl` is a link where the end user can connect an account. A client that declared `elicitation.url` gets the code -32042 with `data.elicitations`, or the result `input_required`.',
    remedy:
      'Show the link to the end user, store a credential with `createMcpCredential`, or name a shared one as `sharedCredentialId` of the server.',
  },
  RECONNECT_REQUIRED: {
    code: 1004,
    cause:
      'The authorization server no longer renews the tokens of the account. `data.connectUrl` is a link where the end user can connect it again. A client that declared `elicitation.url` is asked to open it, as for NO_CREDENTIAL.',
    remedy: 'Show the link to the end user, or make one with `startMcpConnection`.',
  },
  CREDENTIAL_REFUSED: {
    code: 1005,
    cause:
      'The MCP server answered with HTTP status 401 or 403, which is `data.httpStatus`. `data.neededScopes` are scopes that it asks for, and `data.connectUrl` is a link where the end user can grant them. A client that declared `elicitation.url` is asked to open it, as for NO_CREDENTIAL, where scopes are needed.',
    remedy: 'Replace the value of the credential with `updateMcpCredential`, or connect the account again.',
  },
  UPSTREAM_FAILED: {
    code: 1006,
    cause: 'The MCP server is unreachable, or violates the protocol.',
    remedy: 'Check the server with `testMcpServer`.',
  },
  CREDENTIAL_UNREADABLE: {
    code: 1007,
    cause: 'No master key opens the stored credential. Nothing was sent. The log names the credential.',
    remedy: 'Start Keyhouse with the master key that sealed it, or replace the value with `updateMcpCredential`.',
  },
  RENEWAL_FAILED: {
    code: 1008,
    cause:
      'The access token has expired, and its authorization server does not renew it now. `data.cause` is UNREACHABLE, TIMEOUT, RATE_LIMITED, INVALID_RESPONSE, URL_NOT_ALLOWED, NOT_SUPPORTED, METADATA_INVALID, REFUSED, or INVALID_CLIENT where the secret of a stored OAuth client is wrong. The account stays connected.',
    remedy: 'Retry after `data.retryAfterMs`. After INVALID_CLIENT, replace the secret with `updateMcpOAuthClient`.',
  },
} as const satisfies Record<string, ErrorDescription & { readonly code: number }>

/** `data.reason` of the error, and its code in the log and in metrics. */
export type GatewayErrorReason = keyof typeof gatewayErrors

/** A message that is not forwarded, or has no response. The client receives a JSON-RPC error. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError'

  constructor(
    /** HTTP status; 200 for a response to a JSON-RPC request, since the transport worked. */
    readonly status: number,
    readonly reason: GatewayErrorReason,
    message: string,
    readonly data: object = {},
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message)
  }

  /** The response to the message with this id. */
  toResponse(id: MessageId | null): JsonObject {
    return rpcError(id, { code: gatewayErrors[this.reason].code, message: this.message, data: { reason: this.reason, ...this.data } })
  }
}
