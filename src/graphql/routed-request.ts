/** Types that the GraphQL route, Apollo Server and its plugins share. */
import type { ApolloServerPlugin, HTTPGraphQLRequest } from '@apollo/server'
import type { GraphQLError } from 'graphql'

import type { Context } from '../context/context.js'
import type { RequestState } from '../http/request-state.js'

export type Plugin = ApolloServerPlugin<Context>

/** Apollo hands this object to plugins as `request.http`, unchanged. */
export interface RoutedRequest extends HTTPGraphQLRequest {
  readonly context: Context
  readonly state: RequestState
  isExecuted?: boolean
  /** Of the execution, not yet formatted. */
  errors?: readonly GraphQLError[] | undefined
  /** Of the errors in the answer; undefined while the operation plugin has not formatted it. */
  codes?: readonly string[]
}
