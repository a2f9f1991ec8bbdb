/** Types shared by the GraphQL route, Apollo Server and its plugins. */
import type { ApolloServerPlugin, HTTPGraphQLRequest } from '@apollo/server'
import type { GraphQLError } from 'graphql'

import type { Context } from '../context/context.js'
import type { RequestState } from '../http/request-state.js'

export type Plugin = ApolloServerPlugin<Context>

/** Apollo passes this object to plugins as `request.http`, unchanged. */
export interface RoutedRequest extends HTTPGraphQLRequest {
  readonly context: Context
  readonly state: RequestState
  /** Set when the execution starts. */
  isExecuted?: boolean
  /** Errors of the execution, not yet formatted. */
  errors?: readonly GraphQLError[] | undefined
  /** Error codes of the response; undefined until the operation plugin has formatted its errors. */
  codes?: readonly string[]
}
