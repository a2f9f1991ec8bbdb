/** Roles × projects × operations: a project outside the membership does not exist. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { getNamedType, isInputObjectType, type GraphQLInputType } from 'graphql'

import type { MemberRole } from '../src/entities/enums.js'
import { newId } from '../src/lib/id.js'
import { buildSchema } from '../src/schema.js'
import { codeOf, startApp, type Answer, type TestApp } from './support/app.js'
import { statusAndBody } from './support/id-variables.js'
import { mutations, queries, type Operation } from './support/operations.js'
import { dimensions, idKinds, type IdKindName, type ResourceScope } from './support/resources.js'
import type { AnyPayload } from './support/results.js'
import { organization, type SeededMember, type SeededOrganization } from './support/seed.js'

const slug = 'behind-the-curtain'
let app: TestApp
let acme: SeededOrganization
/** The project that the table is about. */
let here: string
let elsewhere: string
beforeAll(async () => {
  app = await startApp()
  acme = await organization(app)
  elsewhere = await acme.project()
  here = await acme.project(slug)
})
afterAll(() => app.close())

const schema = buildSchema()
const fields = { ...schema.getQueryType()!.getFields(), ...schema.getMutationType()!.getFields() }
const operations: Readonly<Record<string, Operation>> = { ...queries, ...mutations }

/** Holding a secret is a proof of its own: `verifyApiKey` tells of any key of the organization whose text is presented. */
const takesSecret = (type: GraphQLInputType): boolean => {
  const named = getNamedType(type)
  return isInputObjectType(named) ? Object.values(named.getFields()).some((field) => takesSecret(field.type)) : named.name === 'Secret'
}

/** Which projects a member has, and whether the one in question is among them. */
const holdings = {
  'every project': { ids: () => null, has: true },
  'this project': { ids: () => [here], has: true },
  'another project': { ids: () => [elsewhere], has: false },
  'no project': { ids: () => [], has: false },
} as const
const roles = ['ADMIN', 'MEMBER', 'READER'] as const

const people = new Map<string, SeededMember>()

async function person(role: MemberRole, label: keyof typeof holdings): Promise<SeededMember> {
  const name = `${role} with ${label}`
  const ids = holdings[label].ids()
  const known = people.get(name) ?? (await acme.member(role, ids && [...ids]))
  people.set(name, known)
  return known
}

const isInProject = (kind: IdKindName): boolean => dimensions.indexOf(idKinds[kind].confinedTo) >= dimensions.indexOf('project')

type Variables = Record<string, unknown>

/** The variables with the project named wherever it can be: left out, it would be the caller's own. */
function withProject(operation: Operation, variables: object): object {
  const clone = structuredClone(variables) as Variables
  for (const [path, kind] of Object.entries(operation.ids ?? {})) {
    if (kind !== 'prj') continue
    const steps = path.split('.')
    const last = steps.pop()!
    const parent = steps.reduce<Variables>((at, step) => (at[step] ??= {}) as Variables, clone)
    parent[last] ??= last.endsWith('s') ? [here] : here
  }
  return clone
}

/** The variables with ids that were never issued wherever they name something in a project; undefined when they name nothing. */
function withUnissued(operation: Operation, variables: object): object | undefined {
  const clone = structuredClone(variables) as Variables
  let isNaming = false
  for (const [path, kind] of Object.entries(operation.ids ?? {})) {
    const steps = path.split('.')
    const last = steps.pop()!
    const parent = steps.reduce<Variables | undefined>((at, step) => at?.[step] as Variables | undefined, clone)
    const named = kind === 'any' ? 'prj' : kind
    if (parent?.[last] === undefined || !isInProject(named)) continue
    const never = newId(named, app.clock.now())
    parent[last] = Array.isArray(parent[last]) ? [never] : never
    isNaming = true
  }
  return isNaming ? clone : undefined
}

function outcomeOf(answer: Answer, name: string): string {
  if (answer.errors) return String(codeOf(answer))
  const value = Reflect.get(answer.data, name) as Partial<AnyPayload> | null
  return value?.userErrors?.[0]?.code ?? (value === null || (Array.isArray(value) && value[0] === null) ? 'NULL' : 'OK')
}

test('the table has every operation of the schema', () => {
  expect(Object.keys(operations).toSorted()).toEqual(Object.keys(fields).toSorted())
})

describe.each(Object.keys(fields))('%s', (name) => {
  test.each(roles)('by %s', async (role) => {
    const operation = operations[name]!
    const isSecret = fields[name]!.args.some(({ type }) => takesSecret(type))
    const outcomes: Record<string, string> = {}
    for (const [label, { has }] of Object.entries(holdings)) {
      const { token, userId } = await person(role, label as keyof typeof holdings)
      const scope: ResourceScope = { app, organization: acme, projectId: here, environment: 'SANDBOX', externalUserId: null, userId }
      const variables = withProject(operation, await operation.variables(scope))
      const unissued = withUnissued(operation, variables)
      const answer = await app.run(token, operation.document, variables)
      outcomes[label] = outcomeOf(answer, name)
      // It may have ended the very token.
      if (operation.callers === 'people') people.delete(`${role} with ${label}`)
      // An ADMIN has every project, whatever was written for another role.
      if (has || role === 'ADMIN' || isSecret) continue
      expect({ label, text: answer.text.includes(here) || answer.text.includes(slug) }).toEqual({ label, text: false })
      if (unissued) expect(statusAndBody(answer)).toEqual(statusAndBody(await app.run(token, operation.document, unissued)))
    }
    expect(outcomes['this project']).toBe(outcomes['every project'])
    if (role === 'ADMIN') expect(new Set(Object.values(outcomes)).size).toBe(1)
  })
})
