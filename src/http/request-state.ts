/** What is known of a request while it is answered, much of it for its line in the log: what was asked, who asked, how it was refused. */
import { Kind, type DocumentNode, type OperationDefinitionNode } from 'graphql'

import type { Context } from '../context/context.js'
import type { Message } from '../lib/json/json-rpc.js'
import type { Waiting } from './response-deadline.js'

export interface Story {
  /** In the schema's own words. The name that the client chose for it may be anything, a pasted secret too. */
  operation?: string
  actorId?: string | null
  codes?: readonly string[]
  /** Of the span of this request, sampled or not. */
  traceId?: string
  /** Who asks, once it is believed. */
  context?: Context
  /** What came for an MCP server: an answer repeats its id. */
  message?: Message
  /** What its answer is written in, when the client has said what it would rather have. */
  type?: string | undefined
  /** Whom to tell when the client leaves. */
  waiting?: Waiting
}

declare module 'fastify' {
  interface FastifyRequest {
    story: Story
  }
}

const mostFields = 5

/** `mutation createApiKey revokeApiKey`: of a document that was found valid. */
export function operationOf(operation: OperationDefinitionNode, document: DocumentNode): string {
  const fields = new Set<string>()
  const seen = new Set<object>()
  const gather = ({ selectionSet }: Pick<OperationDefinitionNode, 'selectionSet'>): void => {
    for (const selection of selectionSet.selections) {
      if (selection.kind === Kind.FIELD) fields.add(selection.name.value)
      else if (selection.kind === Kind.INLINE_FRAGMENT) gather(selection)
      else {
        const fragment = document.definitions.find(
          (definition) => definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === selection.name.value,
        )
        if (fragment?.kind !== Kind.FRAGMENT_DEFINITION || seen.has(fragment)) continue
        seen.add(fragment)
        gather(fragment)
      }
    }
  }
  gather(operation)
  return [operation.operation, ...[...fields].slice(0, mostFields), ...(fields.size > mostFields ? ['…'] : [])].join(' ')
}
