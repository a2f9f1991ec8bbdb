/** What one operation may cost with the variables that it came with: a list costs what it holds, times how many are asked for. */
import {
  getNamedType,
  isAbstractType,
  isInterfaceType,
  isObjectType,
  Kind,
  typeFromAST,
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLNamedType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql'

import { defaultPage, largestPage } from '../lib/page.js'

export type Variables = Readonly<Record<string, unknown>>

/** Of a valid document. The variables are as they came: whether they fit is told by the execution, at once and not twice. */
class Complexity {
  readonly #definitions = new Map<string, FragmentDefinitionNode>()
  readonly #fragments = new Map<string, number>()
  /** It may be another with other variables. */
  isVariable = false

  constructor(
    private readonly schema: GraphQLSchema,
    document: DocumentNode,
    private readonly operation: OperationDefinitionNode,
    private readonly variables: Variables,
  ) {
    for (const definition of document.definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION) this.#definitions.set(definition.name.value, definition)
    }
  }

  /** Of what a row is, it is one thing: of fragments on concrete types only the dearest counts. */
  of(set: SelectionSetNode, parent: GraphQLNamedType | undefined): number {
    let sum = 0
    const byType = new Map<string, number>()
    for (const selection of set.selections) {
      if (this.#isLeftOut(selection.directives)) continue
      if (selection.kind === Kind.FIELD) {
        sum += this.#field(selection, parent)
        continue
      }
      const condition = this.#conditionOf(selection) ?? parent
      const cost =
        selection.kind === Kind.INLINE_FRAGMENT ? this.of(selection.selectionSet, condition) : this.#fragment(selection.name.value)
      if (isAbstractType(parent) && isObjectType(condition)) byType.set(condition.name, (byType.get(condition.name) ?? 0) + cost)
      else sum += cost
    }
    return sum + Math.max(0, ...byType.values())
  }

  #conditionOf(selection: Exclude<SelectionNode, FieldNode>): GraphQLNamedType | undefined {
    const node = selection.kind === Kind.INLINE_FRAGMENT ? selection : this.#definitions.get(selection.name.value)
    return node?.typeCondition && typeFromAST(this.schema, node.typeCondition)
  }

  /** Walked once, however often it is spread. */
  #fragment(name: string): number {
    const known = this.#fragments.get(name)
    if (known !== undefined) return known
    const fragment = this.#definitions.get(name)
    const cost = fragment ? this.of(fragment.selectionSet, typeFromAST(this.schema, fragment.typeCondition)) : 0
    this.#fragments.set(name, cost)
    return cost
  }

  #field(node: FieldNode, parent: GraphQLNamedType | undefined): number {
    const field = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[node.name.value] : undefined
    // Introspection is bounded by the schema.
    if (!field || !node.selectionSet) return 1
    const given = (name: string): unknown => this.#valueOf(node.arguments?.find((argument) => argument.name.value === name)?.value)
    const ids = given('ids')
    const isConnection = field.args.some((argument) => argument.name === 'first')
    const times = isConnection ? Number(given('first') ?? given('last') ?? defaultPage) : Array.isArray(ids) ? ids.length : 1
    // Longer lists than the longest are refused as such.
    return 1 + Math.min(times > 1 ? times : 1, largestPage) * this.of(node.selectionSet, getNamedType(field.type))
  }

  #isLeftOut(directives: readonly DirectiveNode[] = []): boolean {
    return directives.some(({ name, arguments: [condition] = [] }) => {
      const value = this.#valueOf(condition?.value)
      return (name.value === 'skip' && value === true) || (name.value === 'include' && value === false)
    })
  }

  /** As far as it matters here. */
  #valueOf(node: ValueNode | undefined): unknown {
    if (!node || node.kind === Kind.NULL) return undefined
    if (node.kind === Kind.LIST) return node.values
    if (node.kind === Kind.BOOLEAN) return node.value
    if (node.kind === Kind.INT) return Number(node.value)
    if (node.kind !== Kind.VARIABLE) return undefined
    this.isVariable = true
    const name = node.name.value
    // Null is a value: the default is for who says nothing.
    if (Object.hasOwn(this.variables, name)) return this.variables[name] ?? undefined
    return this.#valueOf(this.operation.variableDefinitions?.find(({ variable }) => variable.name.value === name)?.defaultValue)
  }
}

/** Of one operation of a valid document, by the variables that it comes with; walked once where they do not matter. */
export function complexityOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): (variables: Variables) => number {
  let known: number | undefined
  return (variables) => {
    if (known !== undefined) return known
    const complexity = new Complexity(schema, document, operation, variables)
    const cost = complexity.of(operation.selectionSet, schema.getRootType(operation.operation) ?? undefined)
    if (!complexity.isVariable) known = cost
    return cost
  }
}
