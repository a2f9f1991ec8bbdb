/** Every id argument with every kind of foreign id: the same answer as for an id that was never issued. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { permissions } from '../src/access/permission-definitions.js'
import { newId } from '../src/lib/id.js'
import { startApp, type Answer, type TestApp } from './support/app.js'
import { callerEndUser } from './support/callers.js'
import { fields, idPathsOf, withId, statusAndBody } from './support/id-variables.js'
import { mutations, queries, type Operation } from './support/operations.js'
import { dimensions, createIdIn, idKinds, type Dimension, type IdKind, type IdKindName, type ResourceScope } from './support/resources.js'
import type { AnyPayload } from './support/results.js'
import { organization, type SeededOrganization } from './support/seed.js'

/** Otherwise the probers of an argument divide the ids that are wrong whoever asks. */
declare const everyCombination: boolean

let app: TestApp
let acme: SeededOrganization
let otherOrganization: SeededOrganization
let otherProject: string
let member: string
let token: string
beforeAll(async () => {
  app = await startApp()
  acme = await organization(app)
  otherOrganization = await organization(app)
  otherProject = await acme.project()
  member = (await acme.member('MEMBER', [acme.projectId])).token
  const input = { audience: app.config.url, externalUserId: callerEndUser, expiresIn: 2_592_000 }
  token = (await app.mutate(acme.sandboxKey, 'exchangeApiKey', input, 'token')).token
})
afterAll(() => app.close())

const operations: Readonly<Record<string, Operation>> = { ...queries, ...mutations }

test.each(Object.keys(fields))('the row of %s names what kind of id each of its arguments takes', (name) => {
  expect(Object.keys(operations[name]?.ids ?? {}).toSorted()).toEqual(idPathsOf(name).toSorted())
})

interface Prober {
  readonly name: string
  readonly credential: string
  readonly headers: Record<string, string>
  readonly scope: ResourceScope
  /** In which respects another thing's scope must be the prober's own. */
  readonly confined: readonly Dimension[]
}

function probers(operation: Operation): Prober[] {
  const scope: ResourceScope = { app, organization: acme, projectId: acme.projectId, environment: 'SANDBOX', externalUserId: null }
  const key = { credential: acme.sandboxKey, headers: {}, scope }
  const byKey: Prober = { ...key, name: 'a key', confined: dimensions.filter((one) => one !== 'endUser' || !operation.isAcrossEndUsers) }
  const delegated: Prober = {
    ...key,
    name: 'an end user',
    headers: { 'x-on-behalf-of': callerEndUser },
    scope: { ...scope, externalUserId: callerEndUser },
    confined: dimensions,
  }
  // The same end user, by a token of its own.
  const byToken: Prober = { ...delegated, name: 'an access token', credential: token, headers: {} }
  const byMember: Prober = { name: 'a member', credential: member, headers: {}, scope, confined: ['organization', 'project'] }
  const byAdmin: Prober = { name: 'an admin', credential: acme.adminToken, headers: {}, scope, confined: ['organization'] }
  const { permission, callers } = operation
  const row = permission && permissions[permission]
  return [
    ...(callers !== 'people' && (!row || row.grantableToApiKey) ? [byKey] : []),
    ...(row?.allowedForEndUser || operation.isForEndUsers ? [delegated, ...(callers === 'keys' ? [] : [byToken])] : []),
    ...(callers !== 'keys' && (!row || row.roles.includes('MEMBER')) ? [byMember] : []),
    ...(callers !== 'keys' ? [byAdmin] : []),
  ]
}

/** Places that differ from the prober's in one respect that confines both it and the kind. */
function foreignScopes(kind: IdKindName, { scope, confined }: Prober): Record<string, ResourceScope> {
  const { confinedTo, isShared, isOverseen }: IdKind = idKinds[kind]
  const narrowest = dimensions.indexOf(confinedTo)
  const seesAllEndUsers = isOverseen && scope.externalUserId === null
  const isBackendsForeign = scope.externalUserId !== null && !isShared
  const all = {
    organization: { 'of another organization': { ...scope, organization: otherOrganization, projectId: otherOrganization.projectId } },
    project: { 'of another project': { ...scope, projectId: otherProject } },
    environment: { 'of the other environment': { ...scope, environment: 'PRODUCTION' } },
    endUser: {
      'of another end user': { ...scope, externalUserId: 'user-2' },
      ...(isBackendsForeign ? { 'of the backend itself': { ...scope, externalUserId: null } } : {}),
    },
  } as const
  const foreign = confined.filter((one) => dimensions.indexOf(one) <= narrowest && !(one === 'endUser' && seesAllEndUsers))
  return Object.assign({}, ...foreign.map((one) => all[one]))
}

const malformed = [
  'constructor_1',
  '__proto___1',
  'toString_0',
  '',
  ' ',
  '_',
  'key_',
  'null',
  '../../etc/passwd',
  `key_${'0'.repeat(31)}`,
  'é\u0000',
  "' or 1=1 --",
  'x'.repeat(5000),
]

const made = new Map<string, Promise<string>>()

/** One id for all rows: nothing happens to what no caller reaches. */
function idIn(kind: IdKindName, scope: ResourceScope): Promise<string> {
  const { projectId, environment, externalUserId } = scope
  const name = [kind, projectId, environment, externalUserId].join(' ')
  const known = made.get(name) ?? createIdIn(kind, scope)
  made.set(name, known)
  return known
}

type Labelled = [label: string, id: string]
const kindNames = Object.keys(idKinds) as IdKindName[]

async function foreignIds(kind: IdKindName | 'any', prober: Prober): Promise<Labelled[]> {
  const ids: Labelled[] = []
  for (const one of kind === 'any' ? kindNames : [kind]) {
    for (const [label, scope] of Object.entries(foreignScopes(one, prober))) ids.push([`${one} ${label}`, await idIn(one, scope)])
  }
  return ids
}

/** Ids that are wrong whoever asks. */
async function wrongIds(kind: IdKindName | 'any', { scope }: Prober): Promise<Labelled[]> {
  const ids: Labelled[] = malformed.map((id) => [`malformed: ${JSON.stringify(id).slice(0, 24)}`, id])
  if (kind === 'any') return ids
  for (const one of kindNames) if (one !== kind) ids.push([`of another kind: ${one}`, await idIn(one, scope)])
  return ids
}

type Found = AnyPayload | null[] | { edges?: unknown[]; nodes?: unknown[] } | null
function expectNotExisting(field: string, answer: Answer): void {
  expect(answer.errors).toBeUndefined()
  const value = Reflect.get(answer.data, field) as Found
  if (value && 'userErrors' in value) expect(value.userErrors).toMatchObject([{ code: 'NOT_FOUND', path: expect.any(Array) }])
  else if (Array.isArray(value)) expect(value.filter((one) => one !== null)).toEqual([])
  else expect(value === null || (value.edges ?? value.nodes)?.length === 0).toBe(true)
}

const rows = Object.entries(operations).flatMap(([name, operation]) =>
  Object.entries(operation.ids ?? {}).map(([path, kind]) => ({ name, path, kind, operation })),
)

describe.each(rows)('$name($path)', ({ name, path, kind, operation }) => {
  test("an id that is not the caller's is one that never was", async () => {
    const all = probers(operation)
    for (const [turn, prober] of all.entries()) {
      const variables = await operation.variables(prober.scope)
      const ask = (id: string): Promise<Answer> =>
        app.run(prober.credential, operation.document, withId(name, variables, path, id), prober.headers)
      const never = await ask(newId(kind === 'any' ? 'key' : kind, app.clock.now()))
      expectNotExisting(name, never)
      const wrong = (await wrongIds(kind, prober)).filter((_, i) => everyCombination || i % all.length === turn)
      for (const [label, id] of [...(await foreignIds(kind, prober)), ...wrong]) {
        expect({ prober: prober.name, label, ...statusAndBody(await ask(id)) }).toEqual({
          prober: prober.name,
          label,
          ...statusAndBody(never),
        })
      }
    }
  })
})
