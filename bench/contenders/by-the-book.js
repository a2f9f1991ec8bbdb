// A straightforward list of keys: em.find for the key and for the rows, and graphql-js on every request.
import { createServer } from 'node:http'

import { EntitySchema, MikroORM } from '@mikro-orm/sqlite'
import { GraphQLID, GraphQLInt, GraphQLList, GraphQLNonNull, GraphQLObjectType, GraphQLSchema, GraphQLString, graphql } from 'graphql'
import { GraphQLDateTime } from 'graphql-scalars'

import { announce, answering, directory, readJson } from './common.js'
import { documents } from './documents.js'

const { createApp } = await import('../../dist/app.js')
const { readConfig } = await import('../../dist/config/config.js')
const { bootstrapOrganization } = await import('../../dist/commands/organization-create.js')
const { createKey } = await import('../../dist/commands/api-key-create.js')
const { sha256 } = await import('../../dist/lib/crypto/digest.js')

const app = await createApp(readConfig({ PORT: '0', KEYHOUSE_DATA_DIR: directory, LOG_LEVEL: 'silent' }))
const { sandboxApiKey } = await bootstrapOrganization(app.services, { name: 'Bench', email: 'bench@example.com' })
for (let i = 0; i < 100; i++) await createKey(app.services, { environment: 'SANDBOX', label: `Key ${i}`, permissions: ['agent:read'] })
await app.close()

const text = { type: 'text' }
const date = { type: 'datetime', nullable: true }
const Key = new EntitySchema({
  name: 'ApiKey',
  tableName: 'api_key',
  properties: {
    id: { ...text, primary: true },
    organizationId: { ...text },
    projectId: { ...text },
    environment: { ...text },
    label: { ...text, nullable: true },
    digest: { ...text },
    preview: { ...text },
    permissions: { type: 'json' },
    createdAt: { ...date },
    updatedAt: { ...date },
    expiresAt: { ...date },
    lastUsedAt: { ...date },
    revokedAt: { ...date },
  },
})
const orm = await MikroORM.init({ dbName: `${directory}/keyhouse.db`, entities: [Key] })

const required = (type) => ({ type: new GraphQLNonNull(type) })
const ApiKey = new GraphQLObjectType({
  name: 'ApiKey',
  fields: {
    id: required(GraphQLID),
    label: { type: GraphQLString },
    environment: required(GraphQLString),
    preview: required(GraphQLString),
    permissions: required(new GraphQLList(GraphQLString)),
    status: {
      ...required(GraphQLString),
      resolve: (key) => (key.revokedAt ? 'REVOKED' : key.expiresAt && key.expiresAt <= new Date() ? 'EXPIRED' : 'ACTIVE'),
    },
    createdAt: required(GraphQLDateTime),
    updatedAt: required(GraphQLDateTime),
    expiresAt: { type: GraphQLDateTime },
    lastUsedAt: { type: GraphQLDateTime },
  },
})
const Connection = new GraphQLObjectType({
  name: 'ApiKeyConnection',
  fields: { nodes: required(new GraphQLList(new GraphQLNonNull(ApiKey))) },
})
const schema = new GraphQLSchema({
  query: new GraphQLObjectType({
    name: 'Query',
    fields: {
      apiKeys: {
        type: Connection,
        args: { first: { type: GraphQLInt } },
        resolve: async (_, { first }, { em, key: { organizationId, projectId, environment } }) => ({
          nodes: await em.find(
            Key,
            { organizationId, projectId, environment },
            { orderBy: { createdAt: 'desc', id: 'desc' }, limit: first },
          ),
        }),
      },
    },
  }),
})

const server = createServer(
  answering(async (request, response) => {
    const { query, variables } = await readJson(request)
    const em = orm.em.fork()
    const key = await em.findOne(Key, { digest: sha256(request.headers.authorization.slice(7)) })
    const answer = JSON.stringify(await graphql({ schema, source: query, variableValues: variables, contextValue: { em, key } }))
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(answer) }).end(answer)
  }),
)
announce(server, {
  list: {
    method: 'POST',
    path: '/graphql',
    headers: { authorization: `Bearer ${sandboxApiKey}` },
    body: documents.list,
    expect: '"nodes":[{',
  },
})
