/** The cost of one operation with its variables: its queries, and what its fields cost as often as they may be answered. */
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

import { defaultPageSize, maxPageSize } from '../pagination/page.js'
import { fieldCost, expectedEntries, free, higher, introspection, isConnection, multiply, sum, type Cost } from './field-cost.js'

export type Variables = Readonly<Record<string, unknown>>

/** Of a valid document. The variables are as they came: whether they fit is told by the execution, at once and not twice. */
class Complexity {
  readonly #definitions = new Map<string, FragmentDefinitionNode>()
  readonly #fragments = new Map<string, Cost>()
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
  of(set: SelectionSetNode, parent: GraphQLNamedType | undefined): Cost {
    let total = free
    const byType = new Map<string, Cost>()
    for (const selection of set.selections) {
      if (this.#isLeftOut(selection.directives)) continue
      if (selection.kind === Kind.FIELD) {
        total = sum(total, this.#field(selection, parent))
        continue
      }
      const condition = this.#conditionOf(selection) ?? parent
      const cost =
        selection.kind === Kind.INLINE_FRAGMENT ? this.of(selection.selectionSet, condition) : this.#fragment(selection.name.value)
      if (isAbstractType(parent) && isObjectType(condition)) byType.set(condition.name, sum(byType.get(condition.name) ?? free, cost))
      else total = sum(total, cost)
    }
    return sum(total, [...byType.values()].reduce(higher, free))
  }

  #conditionOf(selection: Exclude<SelectionNode, FieldNode>): GraphQLNamedType | undefined {
    const node = selection.kind === Kind.INLINE_FRAGMENT ? selection : this.#definitions.get(selection.name.value)
    return node?.typeCondition && typeFromAST(this.schema, node.typeCondition)
  }

  /** Walked once, however often it is spread. */
  #fragment(name: string): Cost {
    const known = this.#fragments.get(name)
    if (known !== undefined) return known
    const fragment = this.#definitions.get(name)
    const cost = fragment ? this.of(fragment.selectionSet, typeFromAST(this.schema, fragment.typeCondition)) : free
    this.#fragments.set(name, cost)
    return cost
  }

  #field(node: FieldNode, parent: GraphQLNamedType | undefined): Cost {
    const field = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[node.name.value] : undefined
    // Introspection is bounded by the schema.
    if (!parent || !field) return introspection
    const own = fieldCost(field, parent)
    if (!node.selectionSet) return own
    const entries = this.#sizeOf(node, isConnection(field)) ?? expectedEntries(field, parent)
    return sum(own, multiply(entries, this.of(node.selectionSet, getNamedType(field.type))))
  }

  /** How many entries the arguments ask for; undefined when they do not tell. */
  #sizeOf({ arguments: given = [] }: FieldNode, isPaged: boolean): number | undefined {
    const valueOf = (name: string): unknown => this.#valueOf(given.find((argument) => argument.name.value === name)?.value)
    const ids = valueOf('ids')
    if (!isPaged && !Array.isArray(ids)) return undefined
    const size = Array.isArray(ids) ? ids.length : Number(valueOf('first') ?? valueOf('last') ?? defaultPageSize)
    // Longer lists than the longest are refused as such.
    return Math.min(size > 1 ? size : 1, maxPageSize)
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
export function analyzeComplexity(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): (variables: Variables) => Cost {
  let known: Cost | undefined
  return (variables) => {
    if (known !== undefined) return known
    const complexity = new Complexity(schema, document, operation, variables)
    const cost = complexity.of(operation.selectionSet, schema.getRootType(operation.operation) ?? undefined)
    if (!complexity.isVariable) known = cost
    return cost
  }
}
