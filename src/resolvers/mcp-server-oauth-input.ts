/** GraphQL input of the OAuth settings of MCP servers. */
import { Field, InputType } from 'type-graphql'

import { UrlScalar } from '../entities/scalars.js'
import {
  maxAuthorizationParameters,
  maxParameterLength,
  maxScopeLength,
  maxScopes,
  type McpServerOAuthFields,
} from '../mcp/servers/server-oauth.js'
import { formatLength } from './descriptions.js'

@InputType('McpOAuthParameterInput', { description: 'Parameter of an authorization request.' })
class McpOAuthParameterInput {
  @Field(() => String, { description: 'Name: 1 to 64 characters of `A-Za-z0-9_.-`, and none that Keyhouse sets itself, such as `scope`.' })
  name!: string

  @Field(() => String, { description: `Value: ${formatLength(maxParameterLength)}.` })
  value!: string
}

@InputType('McpServerOAuthInput', {
  description: 'Settings for connecting accounts by OAuth, where the metadata of the server does not suffice.',
})
export class McpServerOAuthInput implements McpServerOAuthFields {
  @Field(() => UrlScalar, {
    nullable: true,
    description: 'Issuer of its authorization server, compared exactly. Default: the first one that the server names (RFC 9728).',
  })
  issuer?: string | null

  @Field(() => [String], {
    nullable: true,
    description: `Scopes to ask for: at most ${maxScopes} scopes of at most ${maxScopeLength} characters. Default: those that the server names.`,
  })
  scopes?: string[] | null

  @Field(() => [McpOAuthParameterInput], {
    nullable: true,
    description: `Further parameters of the authorization request, such as \`audience\` or \`access_type\`: at most ${maxAuthorizationParameters} parameters. Default: none.`,
  })
  authorizationParameters?: McpOAuthParameterInput[] | null

  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description: 'Leaves out the parameter `resource` (RFC 8707) if true, for authorization servers that refuse it.',
  })
  omitsResource?: boolean | null
}
