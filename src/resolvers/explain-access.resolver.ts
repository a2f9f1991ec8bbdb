/** GraphQL types and query of access explanations. */
import { Arg, Ctx, Field, ID, InputType, ObjectType, Query, registerEnumType, Resolver } from 'type-graphql'

import { accessLinkKinds, type AccessLink, type AccessLinkKind, type ExplainAccessArgs } from '../access-review/access-links.js'
import { explainAccess, type AccessExplanation } from '../access-review/explain-access.js'
import type { Context } from '../context/context.js'
import { PermissionScalar } from '../entities/scalars.js'

const AccessLinkKindEnum = Object.fromEntries(accessLinkKinds.map((kind) => [kind, kind]))
registerEnumType(AccessLinkKindEnum, {
  name: 'AccessLinkKind',
  description: 'Check that a link of an access chain stands for.',
  valuesConfig: {
    MEMBER: { description: 'Membership of the user and its role.' },
    API_KEY: { description: 'Status of the API key: the credential itself, or the key that limits it.' },
    ACCESS_TOKEN: { description: 'Status of the access token.' },
    OAUTH_GRANT: { description: 'Status of the OAuth grant.' },
    OAUTH_CLIENT: { description: 'OAuth client, in the OAuth configuration of the project and environment.' },
    AUDIENCE: { description: 'Audience of the access token, or of those of the OAuth grant. Checked for operations of Keyhouse itself.' },
    END_USER: { description: 'End user that the request acts for, in `endUsers` of the API key.' },
    GATEWAY: { description: 'Type of credential that the gateway accepts.' },
    PERMISSION: { description: 'Permission, held by every credential of the chain.' },
    MCP_SERVER: { description: 'MCP server, in the project and environment of the credential.' },
    TOOL: { description: 'Tool, in `allowedTools` of the MCP server.' },
    MCP_CREDENTIAL: { description: 'Usable MCP credential of the backend or end user for the server.' },
    APPROVAL: { description: 'Approval policy of the MCP server.' },
  },
})

@InputType('ExplainAccessInput', {
  description: 'Credential and operation to explain. Without an operation, only the credential is explained.',
})
class ExplainAccessInput implements ExplainAccessArgs {
  @Field(() => ID, {
    description:
      'Id of an API key, access token, OAuth grant or member. A grant is explained with an access token that its client gets now. A member is explained with a LOGIN or FULL_ACCESS token; other personal tokens may hold less.',
  })
  subjectId!: string

  @Field(() => String, {
    nullable: true,
    description: 'External id of the end user in X-On-Behalf-Of. Null or omitted: a request without the header.',
  })
  externalUserId?: string | null

  @Field(() => PermissionScalar, {
    nullable: true,
    description: 'One permission without `*`. Excludes `serverId` (BAD_USER_INPUT).',
  })
  permission?: string | null

  @Field(() => ID, {
    nullable: true,
    description: 'Id of the MCP server of a gateway message. Needs `mcp_server:read` and `mcp_credential:read`.',
  })
  serverId?: string | null

  @Field(() => String, {
    nullable: true,
    description: 'Name of the called tool: 1 to 128 characters. Needs `serverId` (BAD_USER_INPUT). Omitted: a message that calls no tool.',
  })
  tool?: string | null
}

@ObjectType('AccessLink', { simpleResolvers: true, description: 'Link of an access chain: one check, and the rule that decided it.' })
class AccessLinkType implements AccessLink {
  @Field(() => AccessLinkKindEnum, { description: 'Check that the link stands for.' })
  kind!: AccessLinkKind

  @Field(() => Boolean, { description: 'True if the check passes.' })
  allowed!: boolean

  @Field(() => String, { description: 'Rule that lets the request through or refuses it, as a sentence for people.' })
  rule!: string
}

@ObjectType('AccessExplanation', {
  simpleResolvers: true,
  description: 'Explanation of a decision. It is made by the checks of a request, at the time of the query.',
})
class AccessExplanationType implements AccessExplanation {
  @Field(() => Boolean, { description: 'True if every link passes. A tool call that needs approval is not allowed as it is.' })
  allowed!: boolean

  @Field(() => [AccessLinkType], {
    description:
      'Checks in the order of a request. A request is refused by the first that fails; later ones are shown too where they apply.',
  })
  links!: readonly AccessLink[]
}

@Resolver()
export class ExplainAccessResolver {
  @Query(() => AccessExplanationType, {
    nullable: true,
    description:
      'Explains if a credential may do something, and which rule decides. Rate limits, client addresses and tool arguments are not checked. Null if the subject or server is not visible to the caller. Needs `api_key:read`, `access_token:read`, `oauth_grant:read` or `member:read`, by the type of `subjectId`.',
  })
  explainAccess(
    @Ctx() ctx: Context,
    @Arg('input', () => ExplainAccessInput, { description: 'Credential and operation to explain.' }) input: ExplainAccessInput,
  ): Promise<AccessExplanation | null> {
    return explainAccess(ctx, input)
  }
}
