/** GraphQL types of the effective access and the activity of API keys. */
import { Extensions, Field, Int, ObjectType } from 'type-graphql'

import { maxListedServers, type ServerAccess } from '../access-review/effective-access.js'
import type { ActionActivity, OperationActivity } from '../access-review/key-activity.js'
import { maxCountedEvents } from '../database/queries/key-activity.js'
import { maxInt32 } from '../database/queries/usage.js'
import { AuditOutcome } from '../entities/enums.js'
import { McpServer } from '../entities/mcp-server.js'
import { DateTimeScalar } from '../entities/scalars.js'
import { formatCount } from './descriptions.js'

@ObjectType('McpServerAccess', {
  simpleResolvers: true,
  description: 'MCP server that an API key can use, with the tools that it can call.',
})
export class McpServerAccess implements ServerAccess {
  @Field(() => McpServer, { description: 'MCP server of the backend.' })
  server!: McpServer

  @Field(() => [String], {
    nullable: true,
    description: 'Tools that `allowedTools` of the server and the permissions of the key both name. Null: every tool.',
  })
  tools!: readonly string[] | null
}

@ObjectType('McpServerAccessList', { simpleResolvers: true, description: 'MCP servers that an API key can use.' })
export class McpServerAccessList {
  @Extensions({ entries: maxListedServers })
  @Field(() => [McpServerAccess], { description: `Servers by label: at most ${maxListedServers} servers.` })
  servers!: readonly ServerAccess[]

  @Field(() => Boolean, { description: 'True if there are more servers than listed.' })
  hasMore!: boolean
}

const requestCount = `at most ${formatCount(maxInt32)} requests`

@ObjectType('ApiKeyOperationActivity', {
  simpleResolvers: true,
  description: 'Requests of one operation with an API key, or with access tokens exchanged from it.',
})
export class ApiKeyOperationActivity implements OperationActivity {
  @Field(() => String, {
    nullable: true,
    description: 'Root field of this API, or gateway message such as `mcp:tools/call`. Null for requests refused before execution.',
  })
  operation!: string | null

  @Field(() => Int, { description: `Number of requests: ${requestCount}.` })
  requests!: number

  @Field(() => Int, { description: 'Number of refused requests among `requests`.' })
  denied!: number

  @Field(() => DateTimeScalar, { description: 'Day of the last such request, as midnight UTC.' })
  lastOn!: Date
}

@ObjectType('ApiKeyActionActivity', {
  simpleResolvers: true,
  description: 'Audit events of one action and outcome with an API key as the actor. `api_key:exchange` is counted as an operation only.',
})
export class ApiKeyActionActivity implements ActionActivity {
  @Field(() => String, { description: 'Action in the form `resource:action`, such as `api_key:create`.' })
  action!: string

  @Field(() => AuditOutcome, { description: 'Outcome of the action.' })
  outcome!: AuditOutcome

  @Field(() => Int, { description: `Number of events, counted up to ${formatCount(maxCountedEvents)} events.` })
  count!: number

  @Field(() => DateTimeScalar, { description: 'Time of the last event.' })
  lastAt!: Date
}
