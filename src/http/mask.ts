/** The one place that decides what leaves the process as an error: a code of the closed list, and a text without values. */
import type { ApolloServerPlugin, GraphQLRequestContext } from '@apollo/server'
import { GraphQLError, type GraphQLFormattedError } from 'graphql'
import type { Logger } from 'pino'

import type { Context } from '../context.js'
import { DomainError, RequestError, requestErrorStatus, type RequestErrorCode } from '../errors.js'
import { isUnavailable, isUnkeepable, unavailable, unkeepable } from '../journal/unavailable.js'
import { withoutSecrets } from '../lib/secret.js'
import { withoutForeignWords, withoutValues } from './error-texts.js'
import { inputFaults } from './input-faults.js'
import { operationOf, storyOf } from './story.js'

const isKnown = (code: unknown): code is RequestErrorCode => typeof code === 'string' && code in requestErrorStatus

/** Apollo's and graphql-js' own codes that are not on our list. */
const translated: Readonly<Record<string, RequestErrorCode>> = {
  PERSISTED_QUERY_NOT_FOUND: 'BAD_REQUEST',
  PERSISTED_QUERY_NOT_SUPPORTED: 'BAD_REQUEST',
  OPERATION_RESOLUTION_FAILURE: 'BAD_REQUEST',
}

/** What a JSON answer tells with status 200: nothing was executed, and the document or its variables are why. */
const unfit: ReadonlySet<unknown> = new Set<RequestErrorCode>(['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED'])

function originOf(error: unknown): unknown {
  let origin = error
  while (origin instanceof GraphQLError && origin.originalError) origin = origin.originalError
  return origin
}

const internal: GraphQLFormattedError = { message: 'Something went wrong on our side.', extensions: { code: 'INTERNAL_SERVER_ERROR' } }

/** What Apollo does outside a request's pipeline passes here too (a bad body, a missing preflight header). */
export function maskError(formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError {
  const origin = originOf(error)
  const place = { ...(formatted.locations ? { locations: formatted.locations } : {}), ...(formatted.path ? { path: formatted.path } : {}) }
  if (isUnkeepable(origin)) return { ...place, message: unkeepable(origin).message, extensions: { code: 'BAD_USER_INPUT' } }
  if (isUnavailable(origin)) return { ...place, message: unavailable(origin).message, extensions: { code: 'UNAVAILABLE' } }
  // graphql-js gives up after fifty bad variables, and says so without a word about whose fault it was.
  if (formatted.message.startsWith('Too many errors processing variables'))
    return { message: formatted.message, extensions: { code: 'BAD_USER_INPUT' } }
  // Apollo calls every refusal of a validation rule a failed validation; the rule knew better.
  const own: unknown = origin instanceof GraphQLError ? origin.extensions['code'] : undefined
  const code: unknown = isKnown(own) ? own : formatted.extensions?.['code']
  const known = isKnown(code) ? code : translated[String(code)]
  if (!known || known === 'INTERNAL_SERVER_ERROR') return { ...internal, ...place }
  if (known === 'GRAPHQL_PARSE_FAILED' && formatted.message.startsWith('Syntax Error: Document contains more')) {
    return { ...place, message: 'This document has too many tokens.', extensions: { code: 'OPERATION_TOO_COMPLEX' } }
  }
  // It would quote the name that was asked for.
  if (code === 'OPERATION_RESOLUTION_FAILURE') {
    return { ...place, message: 'Say by "operationName" which operation of the document is meant.', extensions: { code: known } }
  }
  return { ...place, message: withoutSecrets(withoutValues(known, formatted.message)), extensions: { code: known } }
}

type Request = GraphQLRequestContext<Context>

/** Completes what {@link maskError} cannot know: the request's id, its variables, the status, the log. */
export function maskPlugin(log: Logger, { isSchemaHidden }: { isSchemaHidden: boolean }): ApolloServerPlugin<Context> {
  function logIfOurs(code: unknown, origin: unknown, requestId: string): void {
    if (code === 'INTERNAL_SERVER_ERROR') log.error({ err: origin, requestId }, 'a request failed')
    if (code === 'UNAVAILABLE') log.warn({ err: origin, requestId }, 'the database is away')
  }

  /** In our own words, by path and type alone. */
  function variableFaults({ schema, operation, request }: Request): GraphQLFormattedError[] {
    const faults = operation ? inputFaults(schema, operation, request.variables ?? {}, isSchemaHidden) : []
    return (faults.length > 0 ? faults : ['The variables do not fit the operation.']).map((message) => ({
      message: withoutForeignWords(schema, message),
      extensions: { code: 'BAD_USER_INPUT' },
    }))
  }

  function toldOf(request: Request, all: readonly GraphQLFormattedError[]): GraphQLFormattedError[] {
    const story = storyOf(request.contextValue.origin)
    const told = all.flatMap((formatted, i): GraphQLFormattedError[] => {
      const original = request.errors?.[i]
      const origin = originOf(original)
      const code = formatted.extensions?.['code']
      logIfOurs(code, origin, request.contextValue.origin.requestId)
      if (origin instanceof DomainError || origin instanceof RequestError) return [formatted]
      const isVariable = code === 'BAD_USER_INPUT' && original && !original.path
      if (!isVariable) return [{ ...formatted, message: withoutForeignWords(request.schema, formatted.message) }]
      // graphql-js reports one by one what is told here all at once.
      if (story.isUnfit) return []
      story.isUnfit = true
      return variableFaults(request)
    })
    const excess = told.find((error) => error.extensions?.['code'] === 'OPERATION_TOO_COMPLEX')
    // A limit is reported until graphql-js gives up, which it says too.
    return excess && !request.operation ? [excess] : told
  }

  return {
    requestDidStart: () =>
      Promise.resolve({
        willSendResponse(request): Promise<void> {
          const { body, http } = request.response
          const { origin } = request.contextValue
          const story = storyOf(origin)
          if (request.operation && request.document) story.operation = operationOf(request.operation, request.document)
          if (body.kind !== 'single' || !body.singleResult.errors) return Promise.resolve()
          const told = toldOf(request, body.singleResult.errors)
          const codes = new Set(told.map((error) => error.extensions?.['code']))
          // Apollo answers some of its own with 200.
          if (codes.has('BAD_REQUEST') && (http.status ?? 200) < 400) http.status = 400
          if (codes.has('UNAVAILABLE')) {
            http.status = 503
            http.headers.set('retry-after', '1')
          }
          story.codes = [...codes].map(String)
          if ([...codes].every((code) => unfit.has(code))) story.isUnfit = true
          body.singleResult.errors = told.map((one) => ({ ...one, extensions: { ...one.extensions, requestId: origin.requestId } }))
          return Promise.resolve()
        },
      }),
  }
}
