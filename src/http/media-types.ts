/** Media types of a GraphQL response (GraphQL over HTTP §4.1), and which of them a client prefers. */
import type { FastifyRequest } from 'fastify'
import Negotiator from 'negotiator'

export const jsonMediaType = 'application/json; charset=utf-8'
export const own = 'application/graphql-response+json; charset=utf-8'
export const html = 'text/html'

/** Undefined when the client accepts none of them. */
export const negotiateMediaType = ({ headers: { accept } }: FastifyRequest, offered: string[]): string | undefined =>
  accept ? new Negotiator({ headers: { accept } }).mediaType(offered) : jsonMediaType
