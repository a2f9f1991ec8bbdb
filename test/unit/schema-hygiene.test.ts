/** What holds for every type of the schema: described, named alike, lists after Relay, secrets where they may be. */
import { describe, expect, test } from '@jest/globals'
import {
  getNamedType,
  getNullableType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isListType,
  isNonNullType,
  isObjectType,
  isSpecifiedScalarType,
  type GraphQLField,
  type GraphQLInputObjectType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
} from 'graphql'

import { ApiKey } from '../../src/entities/api-key.js'
import { buildSchema } from '../../src/schema.js'

const schema = buildSchema()
const types = Object.values(schema.getTypeMap()).filter((type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type))
const objects = types.filter((type): type is GraphQLObjectType => isObjectType(type))
const inputs = types.filter((type): type is GraphQLInputObjectType => isInputObjectType(type))
const connections = objects.filter(({ name }) => name.endsWith('Connection'))
const queries = Object.values(schema.getQueryType()!.getFields())
const mutations = Object.values(schema.getMutationType()!.getFields())

interface Named {
  readonly at: string
  readonly name: string
  readonly description: string | null | undefined
}

const argumentsOf = (at: string, field: GraphQLField<unknown, unknown>): Named[] =>
  field.args.map(({ name, description }) => ({ at: `${at}(${name}:)`, name, description }))

/** A type and all that has a name within it. */
function within(type: GraphQLNamedType): Named[] {
  const here = { at: type.name, name: type.name, description: type.description }
  if (isEnumType(type)) {
    return [here, ...type.getValues().map(({ name, description }) => ({ at: `${type.name}.${name}`, name, description }))]
  }
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields())
    return [here, ...fields.map(({ name, description }) => ({ at: `${type.name}.${name}`, name, description }))]
  }
  if (!isObjectType(type) && !isInterfaceType(type)) return [here]
  return [
    here,
    ...Object.values(type.getFields()).flatMap((field) => {
      const at = `${type.name}.${field.name}`
      return [{ at, name: field.name, description: field.description }, ...argumentsOf(at, field)]
    }),
  ]
}

const everything = types.flatMap((type) => within(type))
const signature = (type: GraphQLObjectType): Record<string, string> =>
  Object.fromEntries(Object.values(type.getFields()).map((field) => [field.name, String(field.type)]))
const pascal = (name: string): string => `${name.charAt(0).toUpperCase()}${name.slice(1)}`

describe('descriptions', () => {
  test('there is something to describe', () => expect(everything.length).toBeGreaterThan(200))

  test('every type, field, argument and enum value has one', () => {
    expect(everything.filter(({ description }) => !description?.trim()).map(({ at }) => at)).toEqual([])
  })

  test('each is a sentence for a reader: it begins as one, ends with a full stop, and says more than the name', () => {
    const poor = everything.filter(({ name, description }) => {
      const text = description?.trim() ?? ''
      const words = text.replaceAll(/[^a-z]/gi, '').toLowerCase()
      return !/^[A-Z`0-9(]/.test(text) || !/[.)]$/.test(text) || words === name.replaceAll('_', '').toLowerCase()
    })
    expect(poor.map(({ at, description }) => `${at}: ${description}`)).toEqual([])
  })
})

describe('names', () => {
  test('types are PascalCase, fields and arguments camelCase, enum values UPPER_CASE', () => {
    const wrong = types.flatMap((type) => {
      const [here, ...inner] = within(type)
      const form = isEnumType(type) ? /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/ : /^[a-z][a-zA-Z0-9]*$/
      return [...(/^[A-Z][a-zA-Z0-9]*$/.test(here!.name) ? [] : [here!]), ...inner.filter(({ name }) => !form.test(name))]
    })
    expect(wrong.map(({ at }) => at)).toEqual([])
  })

  test('an input says that it is one', () => {
    expect(inputs.map(({ name }) => name).filter((name) => !/(Input|Filter|Order)$/.test(name))).toEqual([])
  })

  test('a moment is named …At, …On or …Until, but for the ends of an interval', () => {
    const moments = objects.flatMap((type) =>
      Object.values(type.getFields())
        .filter((field) => getNamedType(field.type).name === 'DateTime')
        .map((field) => `${type.name}.${field.name}`),
    )
    expect(moments.filter((at) => !/(\.at|\.start|At|On|Until)$/.test(at))).toEqual([])
  })
})

describe('mutations', () => {
  test.each(mutations.map((field) => [field.name, field] as const))(
    '%s takes one input, and answers a payload with userErrors',
    (name, field) => {
      expect(field.args.map((arg) => arg.name)).toEqual(field.args.length > 0 ? ['input'] : [])
      const [input] = field.args
      // Revoking another's token is revoking a token: they share their input and their payload.
      const [of, kind] = name === 'revokeOrganizationToken' ? ['RevokePersonalToken', 'shared'] : [pascal(name), 'own']
      if (input) expect([kind, getNamedType(input.type).name]).toEqual([kind, `${of}Input`])
      // Nullable: a second mutation that fails must not null the first one's only copy of a secret.
      expect(String(field.type)).toBe(`${of}Payload`)
      const payload = getNamedType(field.type)
      if (!isObjectType(payload)) throw new TypeError(`${payload.name} is no object`)
      const { userErrors, ...rest } = signature(payload)
      expect(userErrors).toBe('[UserError!]!')
      expect(Object.values(rest).filter((type) => type.endsWith('!'))).toEqual([])
    },
  )
})

describe('Relay', () => {
  test('node and nodes find anything that has an id of its own', () => {
    expect(queries.find(({ name }) => name === 'node')).toMatchObject({ args: [{ name: 'id' }] })
    const node = schema.getType('Node')
    if (!isInterfaceType(node)) throw new TypeError('Node is no interface')
    const withId = objects.filter((type) => String(type.getFields()['id']?.type) === 'ID!')
    expect(withId.map(({ name }) => name).toSorted()).toEqual(
      schema
        .getPossibleTypes(node)
        .map(({ name }) => name)
        .toSorted(),
    )
  })

  test('PageInfo is as the specification has it', () => {
    expect(signature(schema.getType('PageInfo') as GraphQLObjectType)).toEqual({
      hasNextPage: 'Boolean!',
      hasPreviousPage: 'Boolean!',
      startCursor: 'String',
      endCursor: 'String',
    })
  })

  test.each(connections.map((type) => [type.name, type] as const))(
    '%s is a connection, and what answers it pages both ways',
    (name, type) => {
      const of = name.replace(/Connection$/, '')
      const { totalCount, ...shape } = signature(type)
      expect(shape).toEqual({ edges: `[${of}Edge!]!`, nodes: `[${of}!]!`, pageInfo: 'PageInfo!' })
      if (totalCount !== undefined) expect(totalCount).toBe('Int!')
      expect(signature(schema.getType(`${of}Edge`) as GraphQLObjectType)).toEqual({ cursor: 'String!', node: `${of}!` })
      const answering = objects.flatMap((object) => Object.values(object.getFields())).filter((field) => getNamedType(field.type) === type)
      expect(answering.length).toBeGreaterThan(0)
      for (const field of answering) {
        expect(isNonNullType(field.type)).toBe(true)
        const args = Object.fromEntries(field.args.map((arg) => [arg.name, String(arg.type)]))
        expect(args).toMatchObject({ first: 'Int', after: 'String', last: 'Int', before: 'String' })
      }
    },
  )
})

describe('resolvers', () => {
  /** Types below a list: each of their fields is resolved once per row. */
  const repeated = new Set<GraphQLNamedType>()
  const visit = (type: GraphQLNamedType): void => {
    if (repeated.has(type)) return
    repeated.add(type)
    const inner = isObjectType(type) || isInterfaceType(type) ? Object.values(type.getFields()).map((field) => field.type) : []
    for (const next of [...(isAbstractType(type) ? schema.getPossibleTypes(type) : []), ...inner]) visit(getNamedType(next))
  }
  for (const type of objects)
    for (const field of Object.values(type.getFields())) if (isListType(getNullableType(field.type))) visit(getNamedType(field.type))

  test('a plain field of a type that lists repeat has none, since it would run for every row', () => {
    const rows = objects.filter((type) => repeated.has(type) && !connections.includes(type))
    expect(rows.length).toBeGreaterThan(20)
    const wrapped = rows.filter((type) => Object.values(type.getFields()).every(({ resolve }) => resolve))
    expect(wrapped.map(({ name }) => name)).toEqual([])
  })

  test('a field that is computed from its row has one that returns no promise, since lists call it for every row', () => {
    const { status } = objects.find(({ name }) => name === 'ApiKey')!.getFields()
    const row = Object.assign(new ApiKey(), { expiresAt: null, revokedAt: null, suspendedAt: null, sandboxResetAt: null })
    expect(status!.resolve!(row, {}, { now: () => new Date() }, {} as GraphQLResolveInfo)).toBe('ACTIVE')
  })
})

describe('secrets', () => {
  const holding = (scalar: string): string[] =>
    objects
      .filter((type) => Object.values(type.getFields()).some((field) => getNamedType(field.type).name === scalar))
      .map(({ name }) => name)

  test('are answered by payloads of mutations alone', () => {
    expect([...holding('Secret'), ...holding('JWT')].filter((name) => !name.endsWith('Payload'))).toEqual([])
  })

  test('are never an argument of a field, so never in a URL', () => {
    const fields = objects.filter(({ name }) => name !== 'Mutation').flatMap((type) => Object.values(type.getFields()))
    const reaches = (type: GraphQLNamedType, seen: readonly string[] = []): boolean =>
      ['Secret', 'JWT'].includes(type.name) ||
      (isInputObjectType(type) &&
        !seen.includes(type.name) &&
        Object.values(type.getFields()).some((field) => reaches(getNamedType(field.type), [...seen, type.name])))
    const leaking = fields.flatMap((field) => field.args).filter((arg) => reaches(getNamedType(arg.type)))
    expect(leaking.map(({ name }) => name)).toEqual([])
  })
})

test('a @oneOf input requires none of its fields', () => {
  const required = inputs
    .filter(({ isOneOf }) => isOneOf)
    .flatMap((type) => Object.values(type.getFields()).filter((field) => isNonNullType(field.type)))
  expect(required).toEqual([])
})
