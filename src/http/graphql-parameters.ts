/** What a request asks of GraphQL, from its body or its URL (GraphQL over HTTP §5). */
import type { FastifyRequest } from 'fastify'

import { RequestError } from '../errors.js'

export interface Parameters {
  readonly query: string
  readonly operationName: string | undefined
  readonly variables: Readonly<Record<string, unknown>>
}

const fault = (message: string): RequestError => new RequestError('BAD_REQUEST', message)

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const typeOf = ({ headers }: FastifyRequest): string => (headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase()

/**
 * A browser asks before it sends any of this for a page of another origin (Fetch standard, CORS-safelisted request-header).
 * What has a body has come through the parser of JSON.
 */
const isPreflighted = (request: FastifyRequest): boolean =>
  typeOf(request) === 'application/json' ||
  Boolean(request.headers['apollo-require-preflight']) ||
  Boolean(request.headers['x-apollo-operation-name'])

/** @throws RequestError BAD_REQUEST */
export function parametersOf(request: FastifyRequest): Parameters {
  if (!isPreflighted(request)) {
    throw fault(
      'A browser could be made to send this from any page. Send "Content-Type: application/json" or "Apollo-Require-Preflight: 1".',
    )
  }
  // Browsers have been found that forget to ask before they send a type that is not one.
  if (!['', 'application/json'].includes(typeOf(request))) {
    throw new RequestError('BAD_REQUEST', 'Send "Content-Type: application/json", or none with a URL.', {}, { status: 415 })
  }
  const { query, operationName, variables, extensions } = request.method === 'POST' ? posted(request.body) : inUrl(request.url)
  if (extensions != null && !isRecord(extensions)) throw fault('"extensions" must be an object.')
  // In the words by which clients know that they must send the document itself.
  if (query == null && extensions?.['persistedQuery'] !== undefined) throw fault('PersistedQueryNotSupported')
  if (typeof query !== 'string' || query === '') throw fault('"query" must be a GraphQL document.')
  if (operationName != null && typeof operationName !== 'string') throw fault('"operationName" must be a string.')
  if (variables != null && !isRecord(variables)) throw fault('"variables" must be an object.')
  return { query, operationName: operationName ?? undefined, variables: variables ?? {} }
}

type Raw = Readonly<Partial<Record<string, unknown>>>

function posted(body: unknown): Raw {
  if (isRecord(body)) return body
  throw fault(Array.isArray(body) ? 'Send one operation at a time.' : 'The request body must be a JSON object with a "query".')
}

function inUrl(url: string): Raw {
  const search = new URLSearchParams(url.includes('?') ? url.slice(url.indexOf('?')) : '')
  const once = (name: string): string | undefined => {
    const [value, second] = search.getAll(name)
    if (second !== undefined) throw fault(`"${name}" must not be repeated.`)
    return value
  }
  const parsed = (name: string): unknown => {
    const text = once(name)
    try {
      return text ? JSON.parse(text) : undefined
    } catch {
      throw fault(`"${name}" must be JSON.`)
    }
  }
  return {
    query: once('query'),
    operationName: once('operationName') || undefined,
    variables: parsed('variables'),
    extensions: parsed('extensions'),
  }
}
