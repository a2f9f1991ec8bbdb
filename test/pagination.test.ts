/** Pagination rules of every connection field: page sizes, directions, cursors and the order of refusals. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { getNamedType, isObjectType } from 'graphql'

import { encodeCursor } from '../src/pagination/page.js'
import { buildSchema } from '../src/schema.js'
import { codeOf, startApp, type Answer, type TestApp } from './support/app.js'
import { queries } from './support/operations.js'
import type { ResourceScope } from './support/resources.js'
import { organization, type SeededOrganization } from './support/seed.js'

let app: TestApp
let acme: SeededOrganization
let scope: ResourceScope
beforeAll(async () => {
  app = await startApp()
  acme = await organization(app)
  scope = { app, organization: acme, projectId: acme.projectId, environment: 'SANDBOX', externalUserId: null }
})
afterAll(() => app.close())

const lists = Object.values(buildSchema().getQueryType()!.getFields()).filter((field) => field.args.some(({ name }) => name === 'first'))

test('every list pages both ways, and answers with a connection', () => {
  for (const { args, type } of lists) {
    expect(args.map(({ name }) => name)).toEqual(expect.arrayContaining(['first', 'after', 'last', 'before']))
    const connection = getNamedType(type)
    expect(isObjectType(connection) && Object.keys(connection.getFields())).toEqual(expect.arrayContaining(['edges', 'nodes', 'pageInfo']))
  }
})

describe.each(lists)('$name', ({ name, args }) => {
  const row = queries[name]!
  const declared = args.map((argument) => `$${argument.name}: ${String(argument.type)}`).join(', ')
  const passed = args.map((argument) => `${argument.name}: $${argument.name}`).join(', ')
  const document = `query (${declared}) { ${name}(${passed}) { edges { cursor } pageInfo { startCursor endCursor } } }`
  const ask = async (page: object, credential = acme.adminToken): Promise<Answer> =>
    app.run(credential, document, { ...(await row.variables(scope)), ...page })

  test.each([{}, { first: 1 }, { first: 100 }, { last: 1 }, { last: 100 }, { first: null, last: null }])('%j is answered', async (page) => {
    expect((await ask(page)).errors).toBeUndefined()
  })

  const never = encodeCursor(undefined, 'x')
  const crafted = [
    'x',
    '',
    '[]',
    Buffer.from('[]').toString('base64url'),
    Buffer.from('null').toString('base64url'),
    Buffer.from('["a","b",true]').toString('base64url'),
    Buffer.from('[1e99,"b",true]').toString('base64url'),
    Buffer.from('[-1,"b",true]').toString('base64url'),
    Buffer.from('[253402300800000,"b",true]').toString('base64url'),
    Buffer.from('[{"$ne":null},"b",false]').toString('base64url'),
    Buffer.from(JSON.stringify(['a\0', 'b', false])).toString('base64url'),
    Buffer.from(JSON.stringify([null, 'b\0', false])).toString('base64url'),
    Buffer.from(JSON.stringify([null, 'b', false, 1])).toString('base64url'),
  ]
  test.each([
    { first: 0 },
    { first: -1 },
    { first: 101 },
    { last: 0 },
    { last: 101 },
    { first: 1, last: 1 },
    { first: 1.5 },
    ...crafted.flatMap((cursor) => [{ after: cursor }, { last: 5, before: cursor }]),
  ])('%j is BAD_USER_INPUT', async (page) => {
    const answer = await ask(page)
    expect([codeOf(answer), answer.data ?? null]).toEqual(['BAD_USER_INPUT', null])
  })

  test('input is refused before a missing permission is', async () => {
    const { userId } = await acme.member('ADMIN')
    const { token } = await acme.personalToken(userId, 'RESTRICTED', ['agent:read'])
    const lacks = codeOf(await ask({ first: 1 }, token)) === 'FORBIDDEN'
    expect(lacks).toBe(row.permission !== null)
    for (const page of [{ first: 0 }, { after: 'x' }]) expect(codeOf(await ask(page, token))).toBe('BAD_USER_INPUT')
  })

  test('a cursor that could have been issued, for a row that is gone, is as good as any', async () => {
    expect((await ask({ first: 1, after: never })).errors).toBeUndefined()
  })
})
