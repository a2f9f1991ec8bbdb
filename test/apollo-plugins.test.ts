/** Plugins of an application that embeds Keyhouse: `createApp(config, { plugins })`. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { GraphQLError } from 'graphql'

import type { Plugin } from '../src/graphql/routed-request.js'
import { codeOf, startApp, type TestApp } from './support/app.js'
import { organization, type SeededOrganization } from './support/seed.js'

let hooks: string[] = []
let fields: string[] = []
let callers: unknown[] = []
let errors: string[] = []
let sent: Record<string, string | undefined> = {}
let hasStopped = false

const observer: Plugin = {
  async serverWillStart() {
    return {
      async serverWillStop() {
        hasStopped = true
      },
    }
  },
  async requestDidStart({ request, contextValue }) {
    callers.push(contextValue.actorOrNull?.kind ?? null)
    sent = Object.fromEntries(request.http?.headers ?? [])
    return {
      async didResolveSource() {
        hooks.push('didResolveSource')
      },
      async parsingDidStart() {
        hooks.push('parsingDidStart')
      },
      async validationDidStart() {
        hooks.push('validationDidStart')
      },
      async didResolveOperation({ contextValue: { actorOrNull } }) {
        hooks.push('didResolveOperation')
        callers.push(actorOrNull?.kind ?? null)
      },
      async didEncounterErrors({ errors: raised }) {
        hooks.push('didEncounterErrors')
        errors.push(...raised.map(({ message }) => message))
      },
      async executionDidStart() {
        hooks.push('executionDidStart')
        return { willResolveField: ({ info }) => void fields.push(`${info.parentType.name}.${info.fieldName}`) }
      },
      async willSendResponse({ response }) {
        hooks.push('willSendResponse')
        if (response.body.kind === 'single') response.body.singleResult.extensions = { observed: true }
      },
    }
  },
}

/** Refuses operations by what their name asks for. */
const gatekeeper: Plugin = {
  async requestDidStart() {
    return {
      async didResolveOperation({ operationName }) {
        if (operationName === 'Forbidden')
          throw new GraphQLError('Not on Sundays.', { extensions: { code: 'FORBIDDEN', http: { status: 403 } } })
        if (operationName === 'Teapot') throw new GraphQLError('Only coffee.', { extensions: { code: 'TEAPOT', http: { status: 418 } } })
        if (operationName === 'Broken') throw new TypeError('kh_sand_secret of the plugin')
      },
    }
  },
}

let app: TestApp
let acme: SeededOrganization
beforeAll(async () => {
  app = await startApp({}, { plugins: [observer, gatekeeper] })
  acme = await organization(app)
})
afterAll(async () => {
  await app.close()
  expect(hasStopped).toBe(true)
})
beforeEach(() => {
  hooks = []
  fields = []
  callers = []
  errors = []
})

describe('a plugin', () => {
  test('sees every hook of Apollo Server, each field, the caller and the headers, without the credential', async () => {
    const answer = await app.run(
      acme.sandboxKey,
      'query Mine { viewer { kind project { name } } }',
      {},
      { 'apollographql-client-name': 'web' },
    )
    expect(answer.data).toEqual({ viewer: { kind: 'API_KEY', project: { name: 'Default' } } })
    expect(hooks).toEqual([
      'didResolveSource',
      'parsingDidStart',
      'validationDidStart',
      'didResolveOperation',
      'executionDidStart',
      'willSendResponse',
    ])
    expect(fields).toEqual(['Query.viewer', 'Viewer.kind', 'Viewer.project', 'Project.name'])
    expect(callers).toEqual(['API_KEY', 'API_KEY'])
    expect(sent).toMatchObject({ 'apollographql-client-name': 'web', 'content-type': 'application/json' })
    expect(JSON.stringify(sent)).not.toContain(acme.sandboxKey)
    expect(JSON.parse(answer.text).extensions).toEqual({ observed: true })
  })

  test('is told of the errors of an execution, which leave as they would without it', async () => {
    const answer = await app.run(null, '{ viewer { kind } }')
    expect([answer.status, codeOf(answer)]).toEqual([401, 'UNAUTHENTICATED'])
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="keyhouse"')
    expect(answer.errors?.[0]?.extensions).toEqual({ code: 'UNAUTHENTICATED', requestId: answer.headers.get('x-request-id') })
    expect(errors).toEqual([expect.stringContaining('A credential is required')])
  })

  test.each([
    ['Forbidden', 403, 'FORBIDDEN', 'Not on Sundays.'],
    ['Teapot', 418, 'BAD_REQUEST', 'Only coffee.'],
    ['Broken', 500, 'INTERNAL_SERVER_ERROR', 'Internal server error. Report the request id to the operator of this server.'],
  ])('refuses operations by a code of the closed list and a status: %s', async (name, status, code, message) => {
    const answer = await app.run(acme.sandboxKey, `query ${name} { viewer { kind } }`)
    expect([answer.status, codeOf(answer), answer.errors?.[0]?.message]).toEqual([status, code, message])
    expect(answer.data).toBeUndefined()
  })
})

describe('what Keyhouse does stays', () => {
  test('limits, complexity, variables, mutations and usage', async () => {
    const many = `{ ${Array.from({ length: 31 }, (_, i) => `a${i}: __typename`).join(' ')} }`
    expect(codeOf(await app.run(acme.sandboxKey, many))).toBe('OPERATION_TOO_COMPLEX')
    const costly = `{ ${Array.from({ length: 30 }, (_, i) => `a${i}: apiKeys(first: 100) { nodes { id label preview } }`).join(' ')} }`
    expect(codeOf(await app.run(acme.sandboxKey, costly))).toBe('OPERATION_TOO_COMPLEX')
    const unfit = await app.run(acme.sandboxKey, 'query ($id: ID!) { node(id: $id) { id } }', { id: { secret: 'x' } })
    expect([unfit.status, unfit.errors?.map(({ message }) => message)]).toEqual([200, ['"id" must be ID!.']])
    const project = await app.mutate(acme.adminToken, 'createProject', { name: 'Plugin', slug: 'plugin' }, 'project { slug }')
    expect(project).toEqual({ project: { slug: 'plugin' }, userErrors: [] })
    await app.services.writeBehind.flush()
    const now = app.clock.now()
    const window = { from: new Date(now.getTime() - 3_600_000), to: new Date(now.getTime() + 3_600_000) }
    const usage =
      'query ($from: DateTime!, $to: DateTime!) { usage(from: $from, to: $to, interval: DAY, groupBy: [OPERATION]) { operation requests } }'
    const { data } = await app.run(acme.adminToken, usage, window)
    expect(data.usage).toContainEqual({ operation: 'viewer', requests: 1 })
  })
})
