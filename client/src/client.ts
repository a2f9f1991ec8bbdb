/** The client: its options, and sending operations over HTTP. */
import { ApiError, UserErrorsError } from './errors.js'
import type { AnswerError, ApiErrorCode, UserErrorEntry } from './errors.js'
import type { Operation } from './operation.js'
import { delay, isIdempotent, retryAfterMs, retryDelay } from './retry.js'

export interface ClientOptions {
  /** Server URL: `https://keys.example.com`, with or without `/graphql`. Empty: the origin of this page. */
  readonly url: string
  /** API key, access token or personal token; or a function that returns the current one, called before each request. */
  readonly credential?: string | (() => string | Promise<string>) | undefined
  /** External id of the end user to act for, with an API key only; 1 to 150 printable ASCII characters. */
  readonly onBehalfOf?: string
  /** Replaces the global `fetch`. */
  readonly fetch?: typeof fetch
  /** Maximum number of retries of an idempotent operation after a network error or status 408, 429, 502, 503 or 504. Default: 2. */
  readonly retries?: number
}

/** Options of a single call. */
export interface CallOptions {
  /** Aborts the call, including its retries and delays. */
  readonly signal?: AbortSignal
  /** Overrides the client's `retries`. */
  readonly retries?: number
  /** Overrides the client's `onBehalfOf`. */
  readonly onBehalfOf?: string
  /** Passed to `fetch`: `keepalive`, `priority`, additional headers, framework extensions. */
  readonly fetchOptions?: Omit<RequestInit, 'method' | 'body' | 'signal'>
}

export interface Client {
  /** URL of the GraphQL endpoint. */
  readonly url: string
  /** Executes an operation. @throws UserErrorsError, ApiError, or the signal's reason. */
  execute<R>(operation: Operation, variables?: Readonly<Record<string, unknown>>, options?: CallOptions): Promise<R>
}

interface Answer {
  readonly data?: Readonly<Record<string, unknown>> | null
  readonly errors?: readonly AnswerError[]
}

/**
 * Validates a header value before `fetch`, whose own error message would quote the secret. Surrounding spaces are refused,
 * since they are trimmed in transit and the value would name another end user.
 */
function toHeaderValue(name: string, value: unknown): string {
  if (typeof value === 'string' && /^[\x21-\x7E]([\x20-\x7E]*[\x21-\x7E])?$/.test(value)) return value
  throw new TypeError(`${name} must be at least one printable ASCII character, without a space at either end.`)
}

export function createClient({ url, credential, onBehalfOf, fetch: ownFetch, retries = 2 }: ClientOptions): Client {
  const target = `${url.replace(/\/+$/, '').replace(/\/graphql$/, '')}/graphql`

  async function sendRequest(operation: Operation, body: string, options: CallOptions): Promise<unknown> {
    const { name } = operation
    const headers = new Headers(options.fetchOptions?.headers)
    headers.set('content-type', 'application/json')
    headers.set('accept', 'application/graphql-response+json, application/json')
    const token = typeof credential === 'function' ? await credential() : credential
    if (token !== undefined) headers.set('authorization', `Bearer ${toHeaderValue('The credential', token)}`)
    const endUser = options.onBehalfOf === undefined ? onBehalfOf : options.onBehalfOf
    if (endUser !== undefined) headers.set('x-on-behalf-of', toHeaderValue('onBehalfOf', endUser))

    let response: Response | undefined
    let text: string
    try {
      // Omit cookies and refuse redirects, so that the credential is sent to this server only.
      const init: RequestInit = { credentials: 'omit', redirect: 'error', ...options.fetchOptions, method: 'POST', headers, body }
      if (options.signal) init.signal = options.signal
      response = await (ownFetch ?? fetch)(target, init)
      text = await response.text()
    } catch (cause) {
      options.signal?.throwIfAborted()
      throw new ApiError(
        `${name} failed: the server could not be reached. Check the URL and the network.`,
        name,
        null,
        'NETWORK_ERROR',
        0,
        null,
        [],
        { cause },
      )
    }
    return parseResponse(operation, response, text)
  }

  return {
    url: target,
    async execute<R>(operation: Operation, variables: Readonly<Record<string, unknown>> = {}, options: CallOptions = {}) {
      const body = JSON.stringify({ query: operation.text, variables })
      const maxRetries = isIdempotent(operation, variables) ? (options.retries ?? retries) : 0
      for (let attempt = 0; ; attempt++) {
        options.signal?.throwIfAborted()
        try {
          return (await sendRequest(operation, body, options)) as R
        } catch (error) {
          const delayMs = attempt < maxRetries ? retryDelay(attempt, error) : null
          if (delayMs === null) throw error
          await delay(delayMs, options.signal)
        }
      }
    },
  }
}

function parseResponse({ name, kind }: Operation, { status, headers }: Response, text: string): unknown {
  const requestId = headers.get('x-request-id')
  const fail = (message: string, code: ApiErrorCode, errors?: readonly AnswerError[]): ApiError =>
    new ApiError(message, name, requestId, code, status, retryAfterMs(headers.get('retry-after')), errors)
  let answer: Answer | null = null
  try {
    answer = JSON.parse(text) as Answer | null
  } catch {
    // Not JSON, such as a proxy's error page. Reported below without quoting the body.
  }
  const { data, errors } = answer ?? {}
  const first = errors?.[0]
  const code = first?.extensions?.['code'] as ApiErrorCode | undefined
  if (first && code) throw fail(first.message, code, errors)
  const result = data?.[name]
  if (kind === 'query' && result !== undefined) return result
  if (!result) throw fail(`${name} failed: the response with status ${status} is not from Keyhouse. Check the URL.`, 'UNEXPECTED_ANSWER')
  const { userErrors, ...rest } = result as { userErrors: UserErrorEntry[] }
  const [firstError, ...otherErrors] = userErrors
  if (firstError) throw new UserErrorsError(name, requestId, [firstError, ...otherErrors])
  return rest
}
