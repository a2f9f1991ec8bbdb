/** Syntax trees of the sources with parents, and the names that they declare: what errors.js follows texts through. */
import { globSync, readFileSync } from 'node:fs'

import { parseSync } from '@swc/core'

const parents = new WeakMap()
const files = new WeakMap()
const functionTypes = new Set([
  'ArrowFunctionExpression',
  'FunctionExpression',
  'FunctionDeclaration',
  'ClassMethod',
  'PrivateMethod',
  'Constructor',
])

export const isFunction = (node) => functionTypes.has(node?.type)
export const parentOf = (node) => parents.get(node)

/** Path of the source that the node is in. */
export function fileOf(node) {
  let root = node
  while (parents.has(root)) root = parents.get(root)
  return files.get(root)
}

function* nodesOf(node) {
  if (node.type) yield node
  for (const child of Object.values(node)) {
    if (typeof child !== 'object' || child === null) continue
    // Wrappers without a type, such as `{ spread, expression }` of an argument, have parents too.
    if (!Array.isArray(child) && !parents.has(child)) parents.set(child, node)
    if (Array.isArray(child)) for (const item of child) if (item && typeof item === 'object') parents.set(item, node)
    yield* nodesOf(child)
  }
}

const wrappers = new Set(['TsAsExpression', 'TsConstAssertion', 'TsNonNullExpression', 'TsSatisfiesExpression', 'ParenthesisExpression'])

/** The expression without parentheses, `as`, `satisfies`, `!` and `await`. */
export function bare(node) {
  if (wrappers.has(node?.type)) return bare(node.expression)
  if (node?.type === 'AwaitExpression') return bare(node.argument)
  return node?.type === 'OptionalChainingExpression' ? bare(node.base) : node
}

/** Name of an identifier, property, private property or method. */
export function nameOf(node) {
  if (node?.type === 'MemberExpression') return nameOf(node.property)
  if (node?.type === 'SuperPropExpression') return nameOf(node.property)
  return typeof node?.value === 'string' ? node.value : node?.id?.value
}

const patternOf = (parameter) => {
  const pattern = parameter.pat ?? parameter.param ?? parameter
  return pattern.type === 'AssignmentPattern' ? { name: pattern.left.value, initial: pattern.right } : { name: pattern.value }
}

export const parametersOf = (fn) => (fn.params ?? fn.function?.params ?? []).map(patternOf)
const bodyOf = (fn) => fn.body ?? fn.function?.body

/** Expressions that the function returns, not those of functions within it. */
export function returnsOf(fn) {
  const body = bodyOf(fn)
  if (body && body.type !== 'BlockStatement' && body.type !== 'FunctionBody') return [body]
  const found = []
  const visit = (node) => {
    if (node.type === 'ReturnStatement' || node.type === 'YieldExpression') found.push(node.argument)
    for (const child of Object.values(node)) if (child && typeof child === 'object' && !isFunction(child)) visit(child)
  }
  if (body) visit(body)
  return found.filter(Boolean)
}

/** The name that a function is called by; undefined for a callback. */
export function functionName(fn) {
  if (fn.type === 'Constructor') return nameOf(enclosing(fn, (node) => node.type === 'ClassDeclaration').identifier)
  if (fn.identifier) return fn.identifier.value
  if (fn.key) return nameOf(fn.key)
  const parent = parents.get(fn)
  if (parent?.type === 'VariableDeclarator') return parent.id.value
  return parent?.type === 'KeyValueProperty' ? nameOf(parent.key) : undefined
}

export function enclosing(node, test) {
  let outer = parents.get(node)
  while (outer && !test(outer)) outer = parents.get(outer)
  return outer
}

/** Parses `pattern`, and lists every node by type, every function and variable by name, and every call by the name it calls. */
export function readSources(pattern) {
  const nodes = []
  for (const file of globSync(pattern).toSorted()) {
    const module = parseSync(readFileSync(file, 'utf8'), { syntax: 'typescript', decorators: true, target: 'es2024' })
    files.set(module, file)
    nodes.push(...nodesOf(module))
  }
  const functions = Map.groupBy(nodes.filter(isFunction), functionName)
  const variables = Map.groupBy(
    nodes.filter(({ type }) => type === 'VariableDeclarator'),
    ({ id }) => id.value,
  )
  const calls = Map.groupBy(
    nodes.filter(({ type }) => type === 'CallExpression' || type === 'NewExpression'),
    ({ callee, type }) => (callee.type === 'Super' ? 'super' : (type === 'NewExpression' ? 'new ' : '') + nameOf(bare(callee))),
  )
  return { nodes, functions, variables, calls }
}
