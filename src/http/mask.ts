/** The one place that decides what leaves the process as an error: a code of the closed list, and a text without values. */
import type { ApolloServerPlugin, GraphQLRequestContext } from '@apollo/server'
import { GraphQLError, type GraphQLFormattedError } from 'graphql'
import type { Logger } from 'pino'

import type { Context } from '../context.js'
import { DomainError, RequestError, requestErrorStatus, type RequestErrorCode } from '../errors.js'
import { isUnavailable, unavailable } from '../journal/unavailable.js'
import { withoutSecrets } from '../lib/secret.js'
import { inputFaults } from './input-faults.js'

const isKnown = (code: unknown): code is RequestErrorCode => typeof code === 'string' && code in requestErrorStatus

/** Apollo's and graphql-js' own codes that are not on our list. */
const translated: Readonly<Record<string, RequestErrorCode>> = {
  PERSISTED_QUERY_NOT_FOUND: 'BAD_REQUEST',
  PERSISTED_QUERY_NOT_SUPPORTED: 'BAD_REQUEST',
  OPERATION_RESOLUTION_FAILURE: 'BAD_REQUEST',
}

function originOf(error: unknown): unknown {
  let origin = error
  while (origin instanceof GraphQLError && origin.originalError) origin = origin.originalError
  return origin
}

/** Without what was found, which may be anything. */
function withoutValues(code: RequestErrorCode, message: string): string {
  if (code === 'GRAPHQL_PARSE_FAILED') return message.replace(/(, found|:? ").*$/s, '').replace(/\.?$/, '.')
  if (code !== 'GRAPHQL_VALIDATION_FAILED') return message
  const [, type] = /^Expected value of type "([^"]+)", found /.exec(message) ?? []
  if (type !== undefined)
    return message.includes('A Secret must be sent')
      ? 'A Secret must be sent in a variable, never written into the document.'
      : `Expected a value of type "${type}".`
  return /cannot represent|does not exist in "/.test(message) ? 'This literal is not of the type that is expected here.' : message
}

const internal: GraphQLFormattedError = { message: 'Something went wrong on our side.', extensions: { code: 'INTERNAL_SERVER_ERROR' } }

/** What Apollo does outside a request's pipeline passes here too (a bad body, a missing preflight header). */
export function maskError(formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError {
  const origin = originOf(error)
  const place = { ...(formatted.locations ? { locations: formatted.locations } : {}), ...(formatted.path ? { path: formatted.path } : {}) }
  if (isUnavailable(origin)) return { ...place, message: unavailable(origin).message, extensions: { code: 'UNAVAILABLE' } }
  // Apollo calls every refusal of a validation rule a failed validation; the rule knew better.
  const own: unknown = origin instanceof GraphQLError ? origin.extensions['code'] : undefined
  const code: unknown = isKnown(own) ? own : formatted.extensions?.['code']
  const known = isKnown(code) ? code : translated[String(code)]
  if (!known || known === 'INTERNAL_SERVER_ERROR') return { ...internal, ...place }
  if (known === 'GRAPHQL_PARSE_FAILED' && formatted.message.includes('tokens')) {
    return { ...place, message: 'This document has too many tokens.', extensions: { code: 'OPERATION_TOO_COMPLEX' } }
  }
  return { ...place, message: withoutSecrets(withoutValues(known, formatted.message)), extensions: { code: known } }
}

type Request = GraphQLRequestContext<Context>

function faultsOf({ schema, operation, request, document }: Request): string[] {
  if (!operation || !document) return []
  return inputFaults(schema, operation, request.variables ?? {})
}

/** Completes what {@link maskError} cannot know: the request's id, its variables, the status, the log. */
export const maskPlugin = (log: Logger): ApolloServerPlugin<Context> => ({
  requestDidStart: () =>
    Promise.resolve({
      willSendResponse(request): Promise<void> {
        const { body, http } = request.response
        if (body.kind !== 'single' || !body.singleResult.errors) return Promise.resolve()
        const { requestId } = request.contextValue.origin
        const originals = request.errors ?? []
        const errors = body.singleResult.errors.flatMap((formatted, i): GraphQLFormattedError[] => {
          const original = originals[i]
          const origin = originOf(original)
          const isOurs = origin instanceof DomainError || origin instanceof RequestError
          if (formatted.extensions?.['code'] === 'INTERNAL_SERVER_ERROR') log.error({ err: origin, requestId }, 'a request failed')
          if (formatted.extensions?.['code'] === 'UNAVAILABLE') {
            http.status = 503
            http.headers.set('retry-after', '1')
            log.warn({ err: origin, requestId }, 'the database is away')
          }
          const extensions = { ...formatted.extensions, requestId }
          if (formatted.extensions?.['code'] !== 'BAD_USER_INPUT' || isOurs || !original || original.path)
            return [{ ...formatted, extensions }]
          const faults = faultsOf(request)
          return (faults.length > 0 ? faults : ['The variables do not fit the operation.']).map((message) => ({ message, extensions }))
        })
        // graphql-js reports each bad variable; the faults are told once.
        body.singleResult.errors = errors.filter(
          (one, i) => errors.findIndex((other) => other.message === one.message && other.path === one.path) === i,
        )
        return Promise.resolve()
      },
    }),
})
