/** Every operation with every kind of caller: the expected outcome follows from the action catalogue. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'

import { permissions } from '../src/access/permission-definitions.js'
import { buildSchema } from '../src/schema.js'
import { codeOf, startApp, type Answer, type TestApp } from './support/app.js'
import { Callers, refusedCallers, type RefusedCaller } from './support/callers.js'
import { callerNames, expectedOutcome } from './support/expected-outcomes.js'
import { mutations, queries } from './support/operations.js'
import type { AnyPayload } from './support/results.js'
import { organization, type SeededOrganization } from './support/seed.js'

let app: TestApp
let callers: Callers
let refused: Record<string, RefusedCaller>
let otherOrganization: SeededOrganization
beforeAll(async () => {
  app = await startApp()
  refused = await refusedCallers(app)
  otherOrganization = await organization(app)
})
afterAll(() => app.close())

const schema = buildSchema()
const rows = [
  ...Object.entries(queries).map(([name, operation]) => ({ name, operation, isMutation: false })),
  ...Object.entries(mutations).map(([name, operation]) => ({ name, operation, isMutation: true })),
]

test('every operation of the schema has a row, and every row an operation', () => {
  expect(Object.keys(queries).toSorted()).toEqual(Object.keys(schema.getQueryType()!.getFields()).toSorted())
  expect(Object.keys(mutations).toSorted()).toEqual(Object.keys(schema.getMutationType()!.getFields()).toSorted())
})

/** What came back, in the words of the table. */
function outcomeOf(answer: Answer, field: string, isMutation: boolean): string {
  if (answer.errors) return String(codeOf(answer))
  const value: unknown = Reflect.get(answer.data, field)
  if (isMutation) return (value as AnyPayload).userErrors[0]?.code ?? 'OK'
  return value === null || (Array.isArray(value) && value.length > 0 && value.every((one) => one === null)) ? 'NULL' : 'OK'
}

describe.each(rows)('$name', ({ name: field, operation, isMutation }) => {
  // Callers of its own, since an operation may end what they have; every minute has its own allowance of unknown credentials.
  beforeAll(async () => {
    app.clock.advance(60_000)
    callers = await Callers.create(app)
  })
  // It ends every token of its project.
  if (operation.isSandboxOnly) {
    beforeEach(async () => {
      callers = await Callers.create(app)
    })
  }

  test.each(callerNames)('by: %s', async (name) => {
    const caller = await callers.named(name, operation.permission)
    if (!caller) return expect(permissions[operation.permission!].grantableToApiKey).toBe(false)
    const answer = await app.run(caller.credential, operation.document, await operation.variables(caller.scope), caller.headers)
    const outcome = expectedOutcome(name, operation)
    expect({ outcome: outcomeOf(answer, field, isMutation), text: answer.text }).toEqual({ outcome, text: expect.any(String) })
    expect(answer.status).toBe(outcome === 'UNAUTHENTICATED' ? 401 : 200)
    if (outcome === 'UNAUTHENTICATED') expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer /)
    if (outcome === 'FORBIDDEN' && operation.permission && operation.callers === undefined)
      expect(answer.text).toContain(operation.permission)
    if (answer.errors) expect(answer.errors[0]!.extensions.requestId).toBe(answer.headers.get('x-request-id'))
  })

  test('by: callers who are refused before execution', async () => {
    const variables = await operation.variables((await callers.named('ADMIN', null))!.scope)
    for (const [name, { credential, headers, status, code }] of Object.entries(refused)) {
      const answer = await app.run(credential, operation.document, variables, headers)
      expect({ name, status: answer.status, code: codeOf(answer) }).toEqual({ name, status, code })
      expect(answer.data).toBeUndefined()
      expect(answer.headers.has('www-authenticate')).toBe(status === 401)
      expect(answer.errors![0]!.extensions.requestId).toBe(answer.headers.get('x-request-id'))
      expect(answer.text).not.toContain(credential)
    }
  })

  test('by: a key and an admin of another organization, who find nothing of this one', async () => {
    if (operation.callers === 'anyone') return
    const { scope } = (await callers.named('ADMIN', null))!
    for (const credential of [otherOrganization.sandboxKey, (await otherOrganization.member('ADMIN')).token]) {
      const variables = await operation.variables(scope)
      const answer = await app.run(credential, operation.document, variables)
      const { acme } = callers
      for (const id of [
        acme.id,
        acme.projectId,
        ...Object.values(variables).filter((value) => typeof value === 'string' && value.length > 30),
      ])
        expect(answer.text).not.toContain(id)
      // A person's business is refused to a key before anything is looked up.
      const isDoneByKeys =
        operation.callers !== 'people' && (operation.permission === null || permissions[operation.permission].grantableToApiKey)
      const missing = credential === otherOrganization.sandboxKey && !isDoneByKeys ? 'FORBIDDEN' : 'NOT_FOUND'
      const required = Object.keys(operation.ids ?? {}).filter(
        (path) => path.split('.').reduce((at: unknown, step) => Reflect.get(Object(at), step), variables) !== undefined,
      )
      if (required.length > 0 && isMutation) expect(outcomeOf(answer, field, isMutation)).toBe(missing)
      else if (required.length > 0) expect(outcomeOf(answer, field, isMutation)).toBe('NULL')
    }
  })
})
