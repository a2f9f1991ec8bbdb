/** Where calls go and with which credential; and how one is made. */
import { ApiError, UserErrorsError } from './errors.js'
import type { AnswerError, ApiErrorCode, UserErrorEntry } from './errors.js'
import type { Operation } from './operation.js'
import { isIdempotent, pause, retryAfterMs, waitBefore } from './retry.js'

export interface ClientOptions {
  /** Where the server is: `https://keys.example.com`, with or without `/graphql`. Empty: the origin of this page. */
  readonly url: string
  /** An API key, an access token or a personal token; or what gives the current one, asked before each request. */
  readonly credential?: string | (() => string | Promise<string>) | undefined
  /** With an API key: the end user to act for, 1 to 150 printable ASCII characters. */
  readonly onBehalfOf?: string
  /** In place of the global one. */
  readonly fetch?: typeof fetch
  /** How often to try again when there was no answer, a limit, or a server that is away: 2 unless told. Only what is idempotent. */
  readonly retries?: number
}

/** What may differ from call to call. */
export interface CallOptions {
  /** Ends the call, its retries and waits too. */
  readonly signal?: AbortSignal
  /** In place of the client's. */
  readonly retries?: number
  /** In place of the client's. */
  readonly onBehalfOf?: string
  /** Handed to `fetch`: `keepalive`, `priority`, further headers, a framework's own. */
  readonly fetchOptions?: Omit<RequestInit, 'method' | 'body' | 'signal'>
}

export interface Client {
  /** Where requests are sent. */
  readonly url: string
  /** What the functions call. @throws UserErrorsError, ApiError, or the reason of the signal. */
  execute<R>(operation: Operation, variables?: Readonly<Record<string, unknown>>, options?: CallOptions): Promise<R>
}

interface Answer {
  readonly data?: Readonly<Record<string, unknown>> | null
  readonly errors?: readonly AnswerError[]
}

/**
 * What cannot be a header is refused here: the platform's own error would quote it, secret or not. So is what would arrive
 * as another one, without the spaces around it, and what is no text: nobody acts for somebody else by mistake.
 */
function headerText(name: string, text: unknown): string {
  if (typeof text === 'string' && /^[\x21-\x7E]([\x20-\x7E]*[\x21-\x7E])?$/.test(text)) return text
  throw new TypeError(`${name} must be printable ASCII characters, at least one, without a space at either end.`)
}

export function createClient({ url, credential, onBehalfOf, fetch: ownFetch, retries = 2 }: ClientOptions): Client {
  const target = `${url.replace(/\/+$/, '').replace(/\/graphql$/, '')}/graphql`

  async function once(operation: Operation, body: string, options: CallOptions): Promise<unknown> {
    const { name } = operation
    const headers = new Headers(options.fetchOptions?.headers)
    headers.set('content-type', 'application/json')
    headers.set('accept', 'application/graphql-response+json, application/json')
    const text = typeof credential === 'function' ? await credential() : credential
    if (text !== undefined) headers.set('authorization', `Bearer ${headerText('The credential', text)}`)
    const endUser = options.onBehalfOf === undefined ? onBehalfOf : options.onBehalfOf
    if (endUser !== undefined) headers.set('x-on-behalf-of', headerText('onBehalfOf', endUser))

    let response: Response | undefined
    let answered: string
    try {
      // No cookies, and no redirect: the credential goes to this server alone.
      const init: RequestInit = { credentials: 'omit', redirect: 'error', ...options.fetchOptions, method: 'POST', headers, body }
      if (options.signal) init.signal = options.signal
      response = await (ownFetch ?? fetch)(target, init)
      answered = await response.text()
    } catch (cause) {
      options.signal?.throwIfAborted()
      throw new ApiError(`${name} got no answer: the server could not be reached.`, name, null, 'NETWORK_ERROR', 0, null, [], { cause })
    }
    return read(operation, response, answered)
  }

  return {
    url: target,
    async execute<R>(operation: Operation, variables: Readonly<Record<string, unknown>> = {}, options: CallOptions = {}) {
      const body = JSON.stringify({ query: operation.text, variables })
      const tries = isIdempotent(operation, variables) ? (options.retries ?? retries) : 0
      for (let attempt = 0; ; attempt++) {
        options.signal?.throwIfAborted()
        try {
          return (await once(operation, body, options)) as R
        } catch (error) {
          const wait = attempt < tries ? waitBefore(attempt, error) : null
          if (wait === null) throw error
          await pause(wait, options.signal)
        }
      }
    },
  }
}

function read({ name, kind }: Operation, { status, headers }: Response, text: string): unknown {
  const requestId = headers.get('x-request-id')
  const fail = (message: string, code: ApiErrorCode, errors?: readonly AnswerError[]): ApiError =>
    new ApiError(message, name, requestId, code, status, retryAfterMs(headers.get('retry-after')), errors)
  let answer: Answer | null = null
  try {
    answer = JSON.parse(text) as Answer | null
  } catch {
    // A proxy's page, say: told below, without quoting it.
  }
  const { data, errors } = answer ?? {}
  const first = errors?.[0]
  const code = first?.extensions?.['code'] as ApiErrorCode | undefined
  if (first && code) throw fail(first.message, code, errors)
  const result = data?.[name]
  if (kind === 'query' && result !== undefined) return result
  if (!result) throw fail(`${name} got an answer with status ${status} that is not Keyhouse's.`, 'UNEXPECTED_ANSWER')
  const { userErrors, ...rest } = result as { userErrors: UserErrorEntry[] }
  const [refusal, ...more] = userErrors
  if (refusal) throw new UserErrorsError(name, requestId, [refusal, ...more])
  return rest
}
