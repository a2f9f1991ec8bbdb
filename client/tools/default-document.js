/** The document that an operation starts with: what most callers want of it, for a person to edit. */
import { getNamedType, isInterfaceType, isLeafType, isObjectType, isUnionType } from 'graphql'

import { pascal } from './names.js'

/** Enough to show something that is only pointed at. */
const telling = new Set('id name label slug email externalId preview serverLabel role kid type description action tool audience'.split(' '))
/** Columns; the formatter breaks what is wider. */
const width = 140

const indent = (lines) => lines.map((line) => `  ${line}`)
const block = (head, lines) => [`${head} {`, ...indent(lines), '}']
const isConnection = (type) => type.name.endsWith('Connection')
const isNode = (type) => isObjectType(type) && type.getInterfaces().some(({ name }) => name === 'Node')
const isPlain = (field) => field.args.length === 0

const fieldsOf = (type) => Object.values(type.getFields()).toSorted((a, b) => Number(b.name === 'id') - Number(a.name === 'id'))
const leaves = (type) => fieldsOf(type).filter((field) => isPlain(field) && isLeafType(getNamedType(field.type)))

const tellingFields = (type) => leaves(type).filter(({ name }) => telling.has(name))

/**
 * Members of a union may not answer one name with two types (nullability counts), so the commoner type keeps the name.
 * graphql spec, "Field Selection Merging".
 */
function members(type, schema) {
  const types = schema.getPossibleTypes(type).toSorted((a, b) => a.name.localeCompare(b.name))
  const common = isInterfaceType(type) ? Object.keys(type.getFields()) : []
  const spoken = types.flatMap((member) => tellingFields(member).map((field) => `${field.name}: ${String(field.type)}`))
  const count = (text) => spoken.filter((other) => other === text).length
  const wins = (field) =>
    spoken.every((other) => !other.startsWith(`${field.name}:`) || count(other) <= count(`${field.name}: ${String(field.type)}`))
  return types.flatMap((member) => {
    const chosen = tellingFields(member).filter((field) => !common.includes(field.name) && wins(field))
    return chosen.length > 0
      ? block(
          `... on ${member.name}`,
          chosen.map(({ name }) => name),
        )
      : []
  })
}

/** What is pointed at: who or which, and no more. */
function brief(type, schema) {
  if (isUnionType(type)) return ['__typename', ...members(type, schema)]
  if (isInterfaceType(type)) return ['__typename', ...Object.keys(type.getFields()), ...members(type, schema)]
  return isNode(type) ? tellingFields(type).map(({ name }) => name) : whole(type, schema)
}

/** All of a record, and briefly what it points at. Lists within it are left to a document that asks for them. */
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

/** Whether a connection of it can be counted, which costs, so it is asked for. */
const counts = (type) => isObjectType(type) && isConnection(type) && 'totalCount' in type.getFields()

export function defaultDocument({ kind, field }, schema) {
  const type = getNamedType(field.type)
  const variables = [
    ...field.args.map((arg) => `$${arg.name}: ${String(arg.type)}`),
    ...(counts(type) ? ['$withTotalCount: Boolean! = false'] : []),
  ]
  const args = field.args.map(({ name }) => `${name}: $${name}`)
  const chosen = selection(kind, type, schema)
  const call = `${field.name}${args.length > 0 ? `(${args.join(', ')})` : ''}`
  const name = `${kind} ${pascal(field.name)}`
  const line = variables.length > 0 ? `${name}(${variables.join(', ')})` : name
  const head = line.length + 2 > width ? [`${name}(`, ...indent(variables), ')'].join('\n') : line
  return `${block(head, chosen ? block(call, chosen) : [call]).join('\n')}\n`
}
