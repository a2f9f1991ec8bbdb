/**
 * Collects the text of every error that may leave the process from the sources: each argument that becomes a public text is followed
 * to its literals, through variables, parameters, tables and return values. One that leads nowhere is a fault, so no text is missing.
 */
import { bare, enclosing, fileOf, functionName, isFunction, nameOf, parametersOf, parentOf, readSources, returnsOf } from './syntax.js'

/** Text of another error or result, which is collected where that is created; or the status in an audit event. */
const passedOn = new Set(['message', 'issue', 'issues', 'status'])
const isPassedOn = (node) => node.type === 'MemberExpression' && passedOn.has(nameOf(node))
const isScope = (node) => isFunction(node) || node.type === 'BlockStatement'
/** A function that is called as `object.name()`. */
const isMember = (fn) => fn.key !== undefined || parentOf(fn)?.type === 'KeyValueProperty'

/** Name of a value within a text. */
function placeholder(expression) {
  const node = bare(expression)
  if (node.type === 'BinaryExpression') return placeholder(node.left)
  if (node.type === 'ConditionalExpression') return placeholder(node.consequent)
  if (node.type !== 'CallExpression') return nameOf(node) ?? '…'
  const callee = bare(node.callee)
  if (callee.type !== 'MemberExpression') return node.arguments[0] ? placeholder(node.arguments[0].expression) : nameOf(callee)
  if (nameOf(callee) === 'get') return node.arguments[1].expression.value
  if (nameOf(callee) === 'stringify') return placeholder(node.arguments[0].expression)
  return /^(join|map|toISOString|toLowerCase)$/.test(nameOf(callee)) ? placeholder(callee.object) : nameOf(callee)
}
/** Functions that shorten or redact a text which is collected elsewhere, or which graphql-js wrote. */
const redactors = new Set([
  'redactCredentials',
  'redactUnknownWords',
  'redactValues',
  'toDescription',
  'toPublicMessage',
  'replace',
  'trim',
  'flatMap',
  'join',
])

export function collectTexts(pattern) {
  const sources = readSources(pattern)
  const faults = new Set()
  const rows = []
  const visited = new Set()
  let bound

  const argumentOf = (call, index) => call.arguments?.[index]?.expression
  const propertyOf = (object, name) => object.properties.find((property) => nameOf(property.key ?? property) === name)
  const valueOf = (property) => (property.value?.type ? property.value : property)

  /** Declarations of a name in the scopes around a node, then in any file. */
  function declarationsOf(name, node) {
    const variables = sources.variables.get(name) ?? []
    for (let scope = enclosing(node, isScope); scope; scope = enclosing(scope, isScope)) {
      const index = isFunction(scope) ? parametersOf(scope).findIndex((parameter) => parameter.name === name) : -1
      if (index >= 0) return [{ fn: scope, index }]
      const inner = variables.filter((variable) => enclosing(variable, isScope) === scope)
      if (inner.length > 0) return inner.map((variable) => ({ variable }))
    }
    return variables.filter((variable) => enclosing(variable, isFunction) === undefined).map((variable) => ({ variable }))
  }

  /** Arguments that a parameter gets: from every call of its function, or from the one that `add` was given. */
  function passed({ fn, index }) {
    const name = functionName(fn)
    const { initial } = parametersOf(fn)[index]
    if (name === undefined) return undefined
    const calls = bound?.fn === fn ? [bound.call] : (sources.calls.get(fn.type === 'Constructor' ? `new ${name}` : name) ?? [])
    return [...calls.map((call) => argumentOf(call, index)), initial].filter(Boolean)
  }

  function functionsOf(callee, node) {
    const target = bare(callee)
    if (isFunction(target)) return [target]
    const named = sources.functions.get(nameOf(target)) ?? []
    if (target.type !== 'Identifier') return named.filter(isMember)
    const [declaration] = declarationsOf(target.value, node)
    if (declaration?.fn) return (passed(declaration) ?? []).flatMap((argument) => functionsOf(argument, argument))
    const own = named.filter((fn) => fileOf(fn) === fileOf(node))
    return own.length > 0 ? own : named
  }

  const all = (nodes, seen) => {
    const lists = nodes.map((node) => textsOf(node, seen))
    return lists.includes(undefined) ? undefined : lists.flat()
  }

  /** The number that an expression is: a literal, a constant, or the argument of the call that `add` was given. */
  function numberOf(expression) {
    const node = bare(expression)
    if (node?.type === 'NumericLiteral') return String(node.value)
    if (node?.type !== 'Identifier') return undefined
    const [declaration] = declarationsOf(node.value, node)
    if (declaration?.variable) return numberOf(declaration.variable.init)
    return declaration?.fn && declaration.fn === bound?.fn ? numberOf(argumentOf(bound.call, declaration.index)) : undefined
  }

  /** An interpolation: its texts when they are phrases, its number when it is constant, else its name in braces. */
  function interpolated(node, seen) {
    const texts = textsOf(node, seen) ?? []
    if (texts.some((text) => text.includes(' ')) && texts.every((text) => text === '' || text.includes(' '))) return texts
    if (texts.includes('.')) return ['.']
    const joined =
      bare(node).type === 'CallExpression' && nameOf(bare(bare(node).callee)) === 'join' ? textsOf(bare(node).callee.object, seen) : []
    return [joined?.length > 0 ? joined.join(', ') : (numberOf(node) ?? `{${placeholder(node)}}`)]
  }

  /** Texts that the expression can have, undefined when they cannot be told. */
  function textsOf(expression, seen = new Set()) {
    const node = bare(expression)
    if (seen.has(node)) return []
    const within = new Set(seen).add(node)
    visited.add(node)
    switch (node.type) {
      case 'StringLiteral':
        return [node.value]
      case 'TemplateLiteral':
        return node.quasis.reduce(
          (texts, { cooked }, i) => {
            const inner = i === 0 ? [''] : interpolated(node.expressions[i - 1], within)
            return texts.flatMap((text) => inner.map((part) => text + part + cooked))
          },
          [''],
        )
      case 'ConditionalExpression':
        return all([node.consequent, node.alternate], within)
      case 'BinaryExpression':
        if (node.operator === '+') return interpolatedPair(node, within)
        return all(node.operator === '&&' ? [node.right] : [node.left, node.right], within)
      case 'Identifier':
        return node.value === 'undefined' ? [] : declared(node, within)
      case 'ArrayExpression':
        return all(
          node.elements.filter((item) => item && !item.spread).map((item) => item.expression),
          within,
        )
      case 'MemberExpression':
        return isPassedOn(node) ? [`{${nameOf(node)}}`] : entriesOf(node, within)
      case 'CallExpression':
        return returned(node, within)
      case 'NewExpression':
      case 'ObjectExpression':
        // An error or a result in place of a text: collected where it is created.
        return []
      default:
        return undefined
    }
  }

  const interpolatedPair = (node, seen) =>
    interpolated(node.left, seen).flatMap((left) => interpolated(node.right, seen).map((right) => left + right))

  function declared(node, seen) {
    const [first, ...rest] = declarationsOf(node.value, node)
    if (!first) return passedOn.has(node.value) ? [`{${node.value}}`] : undefined
    if (first.fn) {
      const given = passed(first)
      return given && all(given, seen)
    }
    return all([first, ...rest].map(({ variable }) => variable.init).filter(Boolean), seen)
  }

  /** Values of a table of texts, `table[key]`. */
  function entriesOf({ object, property }, seen) {
    if (property.type !== 'Computed' || object.type !== 'Identifier') return undefined
    const tables = declarationsOf(object.value, object).map(({ variable }) => bare(variable?.init ?? {}))
    if (tables.length === 0 || tables.some(({ type }) => type !== 'ObjectExpression')) return undefined
    return all(
      tables.flatMap((table) => table.properties.map(valueOf)),
      seen,
    )
  }

  function returned(call, seen) {
    if (redactors.has(nameOf(bare(call.callee)))) return []
    const targets = functionsOf(call.callee, call)
    return targets.length > 0 ? all(targets.flatMap(returnsOf), seen) : undefined
  }

  /** @param call the call of the function around `expression` that its parameters are taken from; every call when left out */
  function add(kind, code, status, expression, { frame = (text) => text, call } = {}) {
    if (!expression) return
    bound = call && { call, fn: enclosing(expression, isFunction) }
    const texts = textsOf(expression)
    if (!texts) faults.add(`${fileOf(expression)}: a text of ${kind} ${code ?? ''} leads to no literal: ${placeholder(expression)}`)
    for (const text of texts ?? []) {
      if (text !== '' && !passedOn.has(text.slice(1, -1))) rows.push({ kind, code, status, text: frame(text).replace('?.', '?') })
    }
  }
  return { sources, add, rows, faults, argumentOf, propertyOf, valueOf, visited }
}
