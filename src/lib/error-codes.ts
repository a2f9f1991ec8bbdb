/** Codes of errors that may leave the process, each with its cause and its remedy: the schema and docs/errors.md repeat them. */

export interface ErrorDescription {
  readonly cause: string
  readonly remedy: string
}

/** Codes of `userErrors`. */
export const userErrorDescriptions = {
  INVALID: {
    cause: 'An argument is invalid. `path` names it and `message` the rule.',
    remedy: 'Correct the argument.',
  },
  NOT_FOUND: {
    cause: 'No object with this id, or with this secret, is visible to the caller.',
    remedy: 'Check the id, and the project and environment of the credential.',
  },
  CONFLICT: {
    cause: 'The object conflicts with an existing one, such as a project with the same slug.',
    remedy: 'Use another value, or the existing object.',
  },
  INVALID_STATE: {
    cause: 'The state of the object does not allow this: it is revoked, expired, used or decided.',
    remedy: 'Read its state, or create a new object.',
  },
  FORBIDDEN: {
    cause: 'The caller is not allowed to do this.',
    remedy: '`message` names the missing permission, or a credential that is allowed.',
  },
  PERMISSION_NOT_HELD: {
    cause: 'The caller cannot grant permissions or projects that it does not hold.',
    remedy: 'Omit them, or use a credential that holds them. `message` names missing permissions.',
  },
  PRODUCTION_NOT_SUPPORTED: {
    cause: 'The operation is for the sandbox, and the credential is for production.',
    remedy: 'Use an API key of the sandbox, or a personal token.',
  },
  ENVIRONMENT_MISMATCH: {
    cause: '`input.environment` is not the environment of the credential.',
    remedy: 'Use a credential of that environment: `createApiKey` with a personal token creates one.',
  },
  ALREADY_REVEALED: {
    cause: 'The time to reveal this personal token again, its `visibleUntil`, has passed.',
    remedy: 'Create a new token.',
  },
  LIMIT_EXCEEDED: {
    cause: 'A limit on the number of objects or requests is reached.',
    remedy: 'Remove objects, or retry later.',
  },
  URL_NOT_ALLOWED: {
    cause: 'The URL is not allowed: a private address, http, or an audience that the API key does not allow.',
    remedy: 'Add the host to `KEYHOUSE_OUTBOUND_ALLOW`, or use an allowed audience.',
  },
  OAUTH_NOT_CONFIGURED: {
    cause: 'The project and environment have no OAuth configuration, so no end user can sign in.',
    remedy: 'Set one with `setOAuthConfiguration`.',
  },
  OAUTH_UNAVAILABLE: {
    cause: 'The MCP server has no OAuth metadata, or its authorization server is unreachable or not usable.',
    remedy: 'Correct what `message` names, or retry later.',
  },
  OAUTH_CLIENT_REQUIRED: {
    cause: 'The authorization server of the MCP server has to know Keyhouse as a client, and lets nobody register by a program.',
    remedy: 'Register a client there, and store it with `createMcpOAuthClient`.',
  },
  IDEMPOTENCY_CONFLICT: {
    cause: 'The idempotency key was used before with another input.',
    remedy: 'Use a new key, or repeat the same input.',
  },
} as const satisfies Record<string, ErrorDescription>
export type UserErrorCode = keyof typeof userErrorDescriptions

/** Codes of refused requests, with their default HTTP status. */
export const requestErrorDescriptions = {
  UNAUTHENTICATED: {
    status: 401,
    cause: 'The credential is missing, unknown, malformed or expired, or it is a revoked token.',
    remedy: 'Send "Authorization: Bearer <API key or token>" with a valid credential.',
  },
  CREDENTIAL_REVOKED: { status: 403, cause: 'The API key is revoked.', remedy: 'Use another key.' },
  CREDENTIAL_SUSPENDED: {
    status: 403,
    cause: 'The API key of the credential, or its organization, is suspended.',
    remedy: 'Resume the key with `resumeApiKey`, or ask the operator of the server: `keyhouse organization resume`.',
  },
  ADDRESS_NOT_ALLOWED: {
    status: 403,
    cause: 'The request comes from an address that `allowedIps` of the API key does not have.',
    remedy: 'Send it from an allowed address, or change `allowedIps` with `updateApiKey`.',
  },
  BAD_REQUEST: {
    status: 400,
    cause:
      'The request violates HTTP, GraphQL over HTTP or a rule on headers. The status is 404, 405, 406, 414, 415, 417 or 431 where that is more specific.',
    remedy: 'Correct the request as `message` says.',
  },
  BAD_USER_INPUT: {
    status: 400,
    cause: 'A variable or an argument of a query is invalid.',
    remedy: 'Correct the argument that `message` names.',
  },
  FORBIDDEN: {
    status: 200,
    cause:
      'The caller lacks a permission for a field of a query, or its API key may not act for the end user. 403 before execution, and from routes other than /graphql.',
    remedy: 'Use a credential with the permission that `message` names, or an end user that `endUsers` of the key allows.',
  },
  RATE_LIMITED: {
    status: 429,
    cause: 'A rate limit of the API key is exceeded, or too many invalid credentials came from the address.',
    remedy: 'Retry after the seconds in the Retry-After header.',
  },
  CONCURRENCY_LIMITED: {
    status: 429,
    cause: 'Too many requests of the end user, the API key or the organization are in progress.',
    remedy: 'Send fewer concurrently, and retry after the seconds in the Retry-After header.',
  },
  QUERY_TIMEOUT: {
    status: 503,
    cause: 'A list, count or aggregate took too long. The other fields of the response are valid.',
    remedy: 'Narrow the filter, or omit `totalCount`.',
  },
  UNAVAILABLE: {
    status: 503,
    cause: 'The database is unavailable, or the server cannot complete the request at the moment.',
    remedy: 'Retry after the seconds in the Retry-After header.',
  },
  PERSISTED_QUERY_NOT_FOUND: {
    status: 200,
    cause: 'The persisted query is not known to this process.',
    remedy: 'Repeat the request with its `query`. Clients with automatic persisted queries do so themselves.',
  },
  PAYLOAD_TOO_LARGE: { status: 413, cause: 'The request body is too large.', remedy: 'Send a smaller body.' },
  REQUEST_TIMEOUT: {
    status: 408,
    cause: 'The request did not arrive, or was not completed, in time.',
    remedy: 'Retry. A mutation may have completed: use its `idempotencyKey` where it has one.',
  },
  OPERATION_TOO_COMPLEX: {
    status: 400,
    cause: 'The document or the operation exceeds a limit on its size or cost.',
    remedy: 'Select fewer fields, or fewer or shorter lists.',
  },
  GRAPHQL_PARSE_FAILED: { status: 400, cause: 'The document has a syntax error.', remedy: 'Correct its GraphQL syntax.' },
  GRAPHQL_VALIDATION_FAILED: {
    status: 400,
    cause: 'The document does not match the schema.',
    remedy: 'Correct it by the schema, `schema.graphql`.',
  },
  INTERNAL_SERVER_ERROR: {
    status: 500,
    cause: 'Unexpected error. The details are in the log of the server, under the request id.',
    remedy: 'Report `requestId` to the operator of the server.',
  },
} as const satisfies Record<string, ErrorDescription & { readonly status: number }>
export type RequestErrorCode = keyof typeof requestErrorDescriptions
