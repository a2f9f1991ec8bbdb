/**
 * Every mutation that names something × every caller who may not do it at all: the refusal is the same whatever is named,
 * so that it does not tell what exists.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { type Context } from '../src/context/context.js'
import { AuditEvent } from '../src/entities/audit-event.js'
import { AuditHead } from '../src/entities/audit-head.js'
import { newId } from '../src/lib/id.js'
import { codeOf, startApp, type Answer, type TestApp } from './support/app.js'
import { Callers, type Caller } from './support/callers.js'
import { callerNames, expectedOutcome } from './support/expected-outcomes.js'
import { idPathsOf, mutationNames, withId, statusAndBody } from './support/id-variables.js'
import { mutations, queries } from './support/operations.js'
import { createIdIn, type IdKindName, type ResourceScope } from './support/resources.js'
import { organization, type SeededOrganization } from './support/seed.js'

let app: TestApp
let callers: Callers
let otherOrganization: SeededOrganization
let otherProject: string
beforeAll(async () => {
  app = await startApp()
  callers = await Callers.create(app)
  otherOrganization = await organization(app)
  otherProject = await callers.acme.project()
})
afterAll(() => app.close())

/** What an argument names by something else than an id of its own. */
type Named = IdKindName | 'externalId'
const namedOtherwise: Readonly<Record<string, Readonly<Record<string, Named>>>> = { forgetEndUser: { 'input.externalId': 'externalId' } }

const rows = [...mutationNames].flatMap((field) =>
  Object.entries({ ...mutations[field]?.ids, ...namedOtherwise[field] } as Record<string, Named>).map(([path, kind]) => ({
    field,
    path,
    kind,
  })),
)

test('every mutation with an id is among them, and so is each id', () => {
  const paths = [...mutationNames].flatMap((field) => idPathsOf(field).map((path) => `${field} ${path}`))
  expect(rows.filter(({ kind }) => kind !== 'externalId').map(({ field, path }) => `${field} ${path}`)).toEqual(paths)
})

const em = (): Context['em'] => callers.acme.em
const newestSeq = async (): Promise<number> => (await em().findOneOrFail(AuditHead, { organizationId: callers.acme.id })).seq

let people = 0

/** An end user that was recorded there, by its external id. */
async function recorded(scope: ResourceScope): Promise<string> {
  const externalUserId = `recorded-${++people}`
  await createIdIn('eu', { ...scope, externalUserId })
  return externalUserId
}

const at = (kind: Named, scope: ResourceScope): Promise<string> => (kind === 'externalId' ? recorded(scope) : createIdIn(kind, scope))
const never = (kind: Named): string => (kind === 'externalId' ? `never-${++people}` : newId(kind, app.clock.now()))

type Labelled = readonly (readonly [label: string, id: string])[]
/** Nothing happens to them, since everybody is refused. */
const made = new Map<string, Promise<Labelled>>()

/** Something that is the caller's own or within its sight, and the same of every kind of stranger. */
function existing(kind: Named, scope: ResourceScope): Promise<Labelled> {
  const name = JSON.stringify([kind, scope.environment, scope.externalUserId, kind === 'pt' ? scope.userId : null])
  const known = made.get(name) ?? makeAt(kind, scope)
  made.set(name, known)
  return known
}

async function makeAt(kind: Named, scope: ResourceScope): Promise<Labelled> {
  const scopes: [string, ResourceScope][] = [
    ['own', scope],
    ['of another organization', { ...scope, organization: otherOrganization, projectId: otherOrganization.projectId }],
    ['of another project', { ...scope, projectId: otherProject }],
    ['of the other environment', { ...scope, environment: scope.environment === 'SANDBOX' ? 'PRODUCTION' : 'SANDBOX' }],
    ['of another end user', { ...scope, externalUserId: 'user-2' }],
    ['of the backend', { ...scope, externalUserId: null }],
  ]
  return Promise.all(scopes.map(async ([label, one]) => [label, await at(kind, one)] as const))
}

describe.each(rows)('$field($path)', ({ field, path, kind }) => {
  const operation = mutations[field]!
  const refused = callerNames.filter((name) => expectedOutcome(name, operation) === 'FORBIDDEN')

  test('has callers that may not do it at all', () => {
    expect(refused.length).toBeGreaterThan(0)
  })

  test.each(refused)('tells nothing to: %s', async (name) => {
    // A minute of its own: refusals beyond ten are gathered.
    app.clock.advance(60_000)
    const caller = (await callers.named(name, operation.permission))!
    const variables = await operation.variables(caller.scope)
    const ask = (id: string): Promise<Answer> =>
      app.run(caller.credential, operation.document, withId(field, variables, path, id), caller.headers)
    const ids = await existing(kind, caller.scope)
    const before = await newestSeq()
    const unknown = await ask(never(kind))
    expect(unknown.data).toMatchObject({ [field]: { userErrors: [{ code: 'FORBIDDEN', path: null }] } })
    for (const [label, id] of ids) expect({ label, ...statusAndBody(await ask(id)) }).toEqual({ label, ...statusAndBody(unknown) })
    const denied = await em().find(AuditEvent, { seq: { $gt: before }, outcome: 'DENIED' }, { orderBy: { seq: 'ASC' } })
    expect(denied.map(({ details }) => details)).toEqual([...ids, unknown].map(() => ({ code: 'FORBIDDEN' })))
    // The trail names what the caller can see, and nothing else.
    const subjects = denied.map(({ subjectId }) => subjectId)
    const [[, own]] = ids as [Labelled[number]]
    if (path === 'input.id' || path === 'input.memberId') expect(subjects[1]).toBe((await canSee(caller, own)) ? own : null)
    for (const id of subjects) if (id !== null) expect([id, await canSee(caller, id)]).toEqual([id, true])
  })
})

async function canSee({ credential, headers }: Caller, id: string): Promise<boolean> {
  const { data } = await app.run(credential, 'query ($id: ID!) { node(id: $id) { id } }', { id }, headers)
  return data.node !== null
}

describe('a query by id', () => {
  const queriesById = Object.entries(queries).filter(
    ([, { ids, withoutPermission, callers: kinds }]) => ids?.['id'] && !withoutPermission && !kinds,
  )

  test.each(queriesById)('%s tells nothing to a caller without the permission', async (field, operation) => {
    const kind = operation.ids!['id'] as IdKindName
    const refused = callerNames.filter((name) => expectedOutcome(name, operation) === 'FORBIDDEN')
    expect(refused.length).toBeGreaterThan(0)
    for (const name of refused) {
      const { credential, headers, scope } = (await callers.named(name, operation.permission))!
      for (const [label, id] of [...(await existing(kind, scope)), ['never issued', never(kind)] as const]) {
        const answer = await app.run(credential, operation.document, { id }, headers)
        expect([field, name, label, codeOf(answer)]).toEqual([field, name, label, 'FORBIDDEN'])
      }
    }
  })

  test('endUser tells nothing to a key without the permission', async () => {
    const { secret } = await callers.acme.apiKey()
    const { scope } = (await callers.named('sandbox key with *', null))!
    for (const externalId of [await recorded(scope), 'never']) {
      expect(
        codeOf(await app.run(secret, 'query ($externalId: String!) { endUser(externalId: $externalId) { id } }', { externalId })),
      ).toBe('FORBIDDEN')
    }
  })
})
