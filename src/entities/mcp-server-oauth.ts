/** Settings of an MCP server for connecting accounts by OAuth, where its metadata does not suffice. */
import { Field, ObjectType } from 'type-graphql'

import { UrlScalar } from './scalars.js'

@ObjectType('McpOAuthParameter', { simpleResolvers: true, description: 'Parameter of an authorization request.' })
export class McpOAuthParameter {
  @Field(() => String, { description: 'Name of the parameter.' })
  name!: string

  @Field(() => String, { description: 'Value of the parameter.' })
  value!: string
}

@ObjectType('McpServerOAuth', {
  simpleResolvers: true,
  description: 'Settings of an MCP server for connecting accounts by OAuth. A change applies to the next connection.',
})
export class McpServerOAuth {
  @Field(() => UrlScalar, { nullable: true, description: 'Issuer of its authorization server. Null: the first one that the server names.' })
  issuer!: string | null

  @Field(() => [String], { nullable: true, description: 'Scopes to ask for. Null: those that the server names.' })
  scopes!: string[] | null

  @Field(() => [McpOAuthParameter], { description: 'Further parameters of the authorization request.' })
  authorizationParameters!: McpOAuthParameter[]

  @Field(() => Boolean, { description: 'True if the parameter `resource` (RFC 8707) is left out, for servers that refuse it.' })
  omitsResource!: boolean
}
