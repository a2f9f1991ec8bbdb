/** Random GraphQL requests and HTTP header lines, generated from the schema: mostly valid, sometimes arbitrary. */
import fc from 'fast-check'
import {
  getNamedType,
  getNullableType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLSchema,
} from 'graphql'

const strings = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.constantFrom(
    '', '\0', 'a\0b', '\uD800', '\uDC00x', '💥'.repeat(100), 'x'.repeat(5000), '*', '%', '_', '!', `'; drop table api_key; --`, '../..', '${x}',
    'key_00000000000000000000000000000000', 'org_', '_', 'eu_x', 'kh_sand_x', '2026-01-01T00:00:00Z', '0000-01-01T00:00:00Z', '9999-12-31T23:59:59.999Z',
    'https://a.example', 'http://[::1', 'javascript:alert(1)', 'agent:read', 'api_key:*', '__proto__', 'WyJ4IiwieCIsZmFsc2Vd', 'a@example.com',
  ),
) // prettier-ignore
const numbers = fc.constantFrom(
  0,
  -1,
  1,
  20,
  100,
  101,
  300,
  3600,
  604_800,
  2_147_483_647,
  -2_147_483_648,
  2 ** 53,
  1e300,
  0.5,
  8.64e15,
  -8.64e15,
)
const junk = fc.oneof(strings, numbers, fc.boolean(), fc.constant(null), fc.jsonValue({ maxDepth: 3 }))

const leaf = (type: GraphQLNamedType): fc.Arbitrary<unknown> => {
  if (isEnumType(type)) return fc.constantFrom(...type.getValues().map(({ name }) => name))
  if (type.name === 'Int' || type.name === 'Float') return numbers
  if (type.name === 'Boolean') return fc.boolean()
  return strings
}

/** Values of an input type: usually valid, sometimes of another type. */
export function valueOf(type: GraphQLInputType, depth = 4): fc.Arbitrary<unknown> {
  const bare = getNullableType(type)
  const named = getNamedType(bare)
  const valid = isListType(bare)
    ? fc.array(valueOf(bare.ofType, depth - 1), { maxLength: 3 })
    : isInputObjectType(named)
      ? depth > 0
        ? fc.record(Object.fromEntries(Object.values(named.getFields()).map((field) => [field.name, valueOf(field.type, depth - 1)])), {
            requiredKeys: Object.values(named.getFields())
              .filter((field) => isNonNullType(field.type))
              .map((field) => field.name),
          })
        : fc.constant({})
      : leaf(named)
  return fc.oneof(
    { weight: 12, arbitrary: valid },
    { weight: 1, arbitrary: junk },
    ...(isNonNullType(type) ? [] : [{ weight: 1, arbitrary: fc.constant(null) }]),
  )
}

function selectionOf(schema: GraphQLSchema, type: GraphQLNamedType, depth: number): fc.Arbitrary<string> {
  if (isLeafType(type)) return fc.constant('')
  if (isAbstractType(type)) {
    const types = schema.getPossibleTypes(type)
    return fc
      .tuple(...types.map((one) => fc.option(selectionOf(schema, one, depth - 1))))
      .map((parts) => `{ __typename ${parts.map((part, i) => (part ? `... on ${types[i]!.name} ${part}` : '')).join(' ')} }`)
  }
  const fields = isObjectType(type) ? Object.values(type.getFields()).filter((field) => field.args.length === 0) : []
  const within = fields.filter((field) => depth > 0 || isLeafType(getNamedType(field.type)))
  return fc
    .subarray(within)
    .chain((some) =>
      fc
        .tuple(...some.map((field) => selectionOf(schema, getNamedType(field.type), depth - 1)))
        .map((parts) => `{ __typename ${some.map((field, i) => `${field.name} ${parts[i]}`).join(' ')} }`),
    )
}

export interface Request {
  readonly query: string
  readonly variables: Readonly<Record<string, unknown>>
}

/** Requests for one root field, with every argument as a variable. */
export function requests(schema: GraphQLSchema): fc.Arbitrary<Request> {
  const roots = [schema.getQueryType()!, schema.getMutationType()!].flatMap((root) =>
    Object.values(root.getFields()).map((field) => ({ keyword: root.name.toLowerCase(), field })),
  )
  return fc.constantFrom(...roots).chain(({ keyword, field }) => {
    const declared = field.args.map((argument) => `$${argument.name}: ${String(argument.type)}`).join(', ')
    const passed = field.args.map((argument) => `${argument.name}: $${argument.name}`).join(', ')
    return fc.record({
      query: selectionOf(schema, getNamedType(field.type), 3).map(
        (selection) => `${keyword} ${declared && `(${declared})`} { ${field.name}${passed && `(${passed})`} ${selection} }`,
      ),
      variables: fc.record(Object.fromEntries(field.args.map((argument) => [argument.name, valueOf(argument.type)])), { requiredKeys: [] }),
    })
  })
}

/** The same requests, with a random edit in the query text. */
export const mutatedRequests = (request: fc.Arbitrary<Request>): fc.Arbitrary<Request> =>
  fc
    .tuple(
      request,
      fc.nat(),
      fc.nat(8),
      fc.oneof(strings, fc.constantFrom('{', '}', '(', '$', '...', '@skip(if: 1)', '"', '"""', '#', 'on', '!', '[', ':')),
    )
    .map(([{ query, variables }, place, cut, text]) => {
      const at = place % query.length
      return { variables, query: query.slice(0, at) + text + query.slice(at + cut) }
    })

const headerName = fc.constantFrom('X-On-Behalf-Of', 'x-on-behalf-of', 'X-ON-BEHALF-OF', 'x_on_behalf_of', 'Authorization', 'AUTHORIZATION', 'Host', 'Accept', 'Content-Type',
  'Content-Length', 'Transfer-Encoding', 'Expect', 'Connection', 'Upgrade', 'X-Forwarded-For', 'X-Request-Id', 'Origin', 'Cookie', 'Accept-Encoding', 'Content-Encoding', 'Range', 'TE', 'Accept-Version', 'X-HTTP-Method-Override') // prettier-ignore
const headerValue = fc.oneof(
  fc.string({ unit: 'binary-ascii', maxLength: 40 }),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  fc.constantFrom('alice', '*', '', ' ', 'chunked', 'chunked, chunked', 'identity', '0', '-1', '99999999999999999999', '100-continue', 'keep-alive, close', 'h2c', 'text/html',
    'multipart/mixed; deferSpec=20220824', 'application/json', 'application/json; charset=x', 'Bearer x', 'Basic eA==', '127.0.0.1', 'x\r\n folded', 'a\0b', 'y'.repeat(20_000)),
) // prettier-ignore
/** Up to five header lines, valid or malformed. */
export const headerLines = fc.array(
  fc
    .tuple(
      fc.oneof({ weight: 9, arbitrary: headerName }, { weight: 1, arbitrary: fc.string({ maxLength: 10 }) }),
      fc.constantFrom(': ', ':', ' : ', ':\t', ''),
      headerValue,
    )
    .map((parts) => parts.join('')),
  { maxLength: 5 },
)
