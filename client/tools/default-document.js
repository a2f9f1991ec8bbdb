/** Writes the default document of an operation, which is meant to be edited by hand. */
import { getNamedType, isInterfaceType, isLeafType, isObjectType, isUnionType } from 'graphql'

import { pascal } from './names.js'

/** Fields that identify a referenced object. */
const summaryFields = new Set(
  'id name label slug email externalId preview serverLabel role kid type description action tool audience'.split(' '),
)
/** Maximum line width in columns; the formatter breaks longer lines. */
const width = 140

const indent = (lines) => lines.map((line) => `  ${line}`)
const block = (head, lines) => [`${head} {`, ...indent(lines), '}']
const isConnection = (type) => type.name.endsWith('Connection')
const isNode = (type) => isObjectType(type) && type.getInterfaces().some(({ name }) => name === 'Node')
const isPlain = (field) => field.args.length === 0

const fieldsOf = (type) => Object.values(type.getFields()).toSorted((a, b) => Number(b.name === 'id') - Number(a.name === 'id'))
const leaves = (type) => fieldsOf(type).filter((field) => isPlain(field) && isLeafType(getNamedType(field.type)))

const summaryOf = (type) => leaves(type).filter(({ name }) => summaryFields.has(name))

/**
 * Inline fragments for the members. Fields of one name must have the same type, nullability included (GraphQL spec,
 * "Field Selection Merging"), so only the members with the most common type select the field.
 */
function members(type, schema) {
  const types = schema.getPossibleTypes(type).toSorted((a, b) => a.name.localeCompare(b.name))
  const common = isInterfaceType(type) ? Object.keys(type.getFields()) : []
  const candidates = types.flatMap((member) => summaryOf(member).map((field) => `${field.name}: ${String(field.type)}`))
  const count = (text) => candidates.filter((other) => other === text).length
  const wins = (field) =>
    candidates.every((other) => !other.startsWith(`${field.name}:`) || count(other) <= count(`${field.name}: ${String(field.type)}`))
  return types.flatMap((member) => {
    const chosen = summaryOf(member).filter((field) => !common.includes(field.name) && wins(field))
    return chosen.length > 0
      ? block(
          `... on ${member.name}`,
          chosen.map(({ name }) => name),
        )
      : []
  })
}

/** Selection for a referenced object: its identifying fields only. */
function brief(type, schema) {
  if (isUnionType(type)) return ['__typename', ...members(type, schema)]
  if (isInterfaceType(type)) return ['__typename', ...Object.keys(type.getFields()), ...members(type, schema)]
  return isNode(type) ? summaryOf(type).map(({ name }) => name) : whole(type, schema)
}

/** Selection of all fields of an object and the summary of each referenced object; fields with arguments are omitted. */
function whole(type, schema) {
  if (!isObjectType(type)) return brief(type, schema)
  return fieldsOf(type)
    .filter((field) => isPlain(field))
    .flatMap((field) => {
      const named = getNamedType(field.type)
      return isLeafType(named) ? [field.name] : block(field.name, brief(named, schema))
    })
}

function page(type, schema) {
  const { nodes, pageInfo, totalCount } = type.getFields()
  return [
    ...block('nodes', whole(getNamedType(nodes.type), schema)),
    ...block('pageInfo', whole(getNamedType(pageInfo.type), schema)),
    ...(totalCount ? ['totalCount @include(if: $withTotalCount)'] : []),
  ]
}

function payload(type, schema) {
  return Object.values(type.getFields()).flatMap((field) => {
    const named = getNamedType(field.type)
    return isLeafType(named) ? [field.name] : block(field.name, whole(named, schema))
  })
}

function selection(kind, type, schema) {
  if (isLeafType(type)) return null
  if (kind === 'mutation') return payload(type, schema)
  return isConnection(type) ? page(type, schema) : whole(type, schema)
}

/** Tells whether the connection has a totalCount, which is costly and therefore behind a variable. */
const hasTotalCount = (type) => isObjectType(type) && isConnection(type) && 'totalCount' in type.getFields()

export function defaultDocument({ kind, field }, schema) {
  const type = getNamedType(field.type)
  const variables = [
    ...field.args.map((arg) => `$${arg.name}: ${String(arg.type)}`),
    ...(hasTotalCount(type) ? ['$withTotalCount: Boolean! = false'] : []),
  ]
  const args = field.args.map(({ name }) => `${name}: $${name}`)
  const chosen = selection(kind, type, schema)
  const call = `${field.name}${args.length > 0 ? `(${args.join(', ')})` : ''}`
  const name = `${kind} ${pascal(field.name)}`
  const line = variables.length > 0 ? `${name}(${variables.join(', ')})` : name
  const head = line.length + 2 > width ? [`${name}(`, ...indent(variables), ')'].join('\n') : line
  return `${block(head, chosen ? block(call, chosen) : [call]).join('\n')}\n`
}
