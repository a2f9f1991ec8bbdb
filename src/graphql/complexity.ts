/** Query complexity: the cost of an operation, from its fields, its list sizes and its variables. */
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
import {
  fieldCost,
  expectedEntries,
  zeroCost,
  maxCost,
  introspectionCost,
  isConnection,
  multiply,
  addCosts,
  type Cost,
} from './field-cost.js'

export type Variables = Readonly<Record<string, unknown>>

/** Expects a valid document. The variables are unchecked: graphql-js coerces them during execution. */
class Complexity {
  readonly #definitions = new Map<string, FragmentDefinitionNode>()
  readonly #fragments = new Map<string, Cost>()
  /** The cost depends on the variables. */
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

  /** A row has one concrete type, so of the fragments on concrete types only the most expensive one counts. */
  of(set: SelectionSetNode, parent: GraphQLNamedType | undefined): Cost {
    let total = zeroCost
    const byType = new Map<string, Cost>()
    for (const selection of set.selections) {
      if (this.#isSkipped(selection.directives)) continue
      if (selection.kind === Kind.FIELD) {
        total = addCosts(total, this.#field(selection, parent))
        continue
      }
      const condition = this.#conditionOf(selection) ?? parent
      const cost =
        selection.kind === Kind.INLINE_FRAGMENT ? this.of(selection.selectionSet, condition) : this.#fragment(selection.name.value)
      if (isAbstractType(parent) && isObjectType(condition))
        byType.set(condition.name, addCosts(byType.get(condition.name) ?? zeroCost, cost))
      else total = addCosts(total, cost)
    }
    return addCosts(total, [...byType.values()].reduce(maxCost, zeroCost))
  }

  #conditionOf(selection: Exclude<SelectionNode, FieldNode>): GraphQLNamedType | undefined {
    const node = selection.kind === Kind.INLINE_FRAGMENT ? selection : this.#definitions.get(selection.name.value)
    return node?.typeCondition && typeFromAST(this.schema, node.typeCondition)
  }

  /** Memoized, so that the work does not grow with the number of spreads. */
  #fragment(name: string): Cost {
    const known = this.#fragments.get(name)
    if (known !== undefined) return known
    const fragment = this.#definitions.get(name)
    const cost = fragment ? this.of(fragment.selectionSet, typeFromAST(this.schema, fragment.typeCondition)) : zeroCost
    this.#fragments.set(name, cost)
    return cost
  }

  #field(node: FieldNode, parent: GraphQLNamedType | undefined): Cost {
    const field = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[node.name.value] : undefined
    // Unknown fields are introspection, whose size is bounded by the schema.
    if (!parent || !field) return introspectionCost
    const own = fieldCost(field, parent)
    if (!node.selectionSet) return own
    const entries = this.#sizeOf(node, isConnection(field)) ?? expectedEntries(field, parent)
    return addCosts(own, multiply(entries, this.of(node.selectionSet, getNamedType(field.type))))
  }

  /** Number of entries by `first`, `last` or `ids`; undefined without any of them. */
  #sizeOf({ arguments: args = [] }: FieldNode, isPaged: boolean): number | undefined {
    const valueOf = (name: string): unknown => this.#valueOf(args.find((argument) => argument.name.value === name)?.value)
    const ids = valueOf('ids')
    if (!isPaged && !Array.isArray(ids)) return undefined
    const size = Array.isArray(ids) ? ids.length : Number(valueOf('first') ?? valueOf('last') ?? defaultPageSize)
    // The resolver rejects longer lists.
    return Math.min(size > 1 ? size : 1, maxPageSize)
  }

  #isSkipped(directives: readonly DirectiveNode[] = []): boolean {
    return directives.some(({ name, arguments: [condition] = [] }) => {
      const value = this.#valueOf(condition?.value)
      return (name.value === 'skip' && value === true) || (name.value === 'include' && value === false)
    })
  }

  /** Value of a literal or variable: list, boolean or integer; undefined for null and for every other kind. */
  #valueOf(node: ValueNode | undefined): unknown {
    if (!node || node.kind === Kind.NULL) return undefined
    if (node.kind === Kind.LIST) return node.values
    if (node.kind === Kind.BOOLEAN) return node.value
    if (node.kind === Kind.INT) return Number(node.value)
    if (node.kind !== Kind.VARIABLE) return undefined
    this.isVariable = true
    const name = node.name.value
    // An explicit null overrides the default value.
    if (Object.hasOwn(this.variables, name)) return this.variables[name] ?? undefined
    return this.#valueOf(this.operation.variableDefinitions?.find(({ variable }) => variable.name.value === name)?.defaultValue)
  }
}

/** Returns the cost by variables of one operation of a valid document. Memoized when the variables do not matter. */
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
