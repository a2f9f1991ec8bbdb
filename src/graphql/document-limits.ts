/** Document limits: depth, aliases, mutations, directives, fragments, repeated fields and complexity. */
import {
  GraphQLError,
  Kind,
  OperationTypeNode,
  type ASTVisitor,
  type DocumentNode,
  type FieldNode,
  type SelectionSetNode,
  type ValidationContext,
  type ValidationRule,
} from 'graphql'

import { RequestError } from '../lib/errors.js'
import type { Cost } from './field-cost.js'

export const documentLimits = {
  tokens: 4000,
  depth: 12,
  aliases: 30,
  mutations: 5,
  directives: 10,
  /** At one field, fragment or operation. Only @skip and @include exist, and neither is repeatable. */
  directivesAtOnce: 2,
  fragments: 100,
  /** Repetitions of a response name within a selection set, over the whole document. Validation merges them in quadratic time. */
  repeats: 100,
  complexity: 10_000,
  /** `totalCount` fields, multiplied by the number of lists that they count. */
  counts: 3,
  errors: 20,
} as const

const tooComplex = (message: string): GraphQLError => new GraphQLError(message, { extensions: { code: 'OPERATION_TOO_COMPLEX' } })

/** Exempt from the depth limit: the standard query has 14 levels, and graphql-js limits its depth by its own rule. */
const isIntrospection = (field: FieldNode): boolean => field.name.value === '__schema' || field.name.value === '__type'

/** Sums and maxima over a selection set. */
interface Size {
  depth: number
  aliases: number
  /** Each multiplies the size of the introspection result, which has no complexity. No tool needs one. */
  introspectionAliases: number
  roots: number
  directives: number
  directivesAtOnce: number
}

const emptySize: Readonly<Size> = { depth: 0, aliases: 0, introspectionAliases: 0, roots: 0, directives: 0, directivesAtOnce: 0 }

function add(total: Size, other: Readonly<Size>): void {
  total.depth = Math.max(total.depth, other.depth)
  total.aliases += other.aliases
  total.introspectionAliases += other.introspectionAliases
  total.roots += other.roots
  total.directives += other.directives
  total.directivesAtOnce = Math.max(total.directivesAtOnce, other.directivesAtOnce)
}

/** Counts a fragment at every spread, but visits it once: nested spreads grow exponentially. */
class DocumentMeasure {
  readonly #fragments = new Map<string, Readonly<Size>>()
  duplicateFields = 0

  constructor(private readonly context: ValidationContext) {}

  of(set: SelectionSetNode, names = new Set<string>()): Readonly<Size> {
    const size = { ...emptySize }
    for (const selection of set.selections) {
      const directives = selection.directives?.length ?? 0
      size.directives += directives
      size.directivesAtOnce = Math.max(size.directivesAtOnce, directives)
      if (selection.kind === Kind.FRAGMENT_SPREAD) add(size, this.#fragment(selection.name.value))
      else if (selection.kind === Kind.INLINE_FRAGMENT) add(size, this.of(selection.selectionSet, names))
      else add(size, this.#field(selection, names))
    }
    return size
  }

  #field(field: FieldNode, names: Set<string>): Readonly<Size> {
    const alias = field.alias ? 1 : 0
    const name = (field.alias ?? field.name).value
    if (names.has(name)) this.duplicateFields++
    names.add(name)
    const nested = field.selectionSet ? this.of(field.selectionSet) : emptySize
    if (!isIntrospection(field))
      return {
        depth: 1 + nested.depth,
        aliases: alias + nested.aliases,
        introspectionAliases: nested.introspectionAliases,
        roots: 1,
        directives: nested.directives,
        directivesAtOnce: nested.directivesAtOnce,
      }
    const isSchema = field.name.value === '__schema'
    return {
      depth: 0,
      aliases: isSchema ? 0 : alias,
      introspectionAliases: nested.aliases + nested.introspectionAliases + (isSchema ? alias : 0),
      roots: 0,
      directives: nested.directives,
      directivesAtOnce: nested.directivesAtOnce,
    }
  }

  #fragment(name: string): Readonly<Size> {
    const known = this.#fragments.get(name)
    if (known) return known
    // Ends the recursion of a cyclic fragment, which NoFragmentCyclesRule rejects.
    this.#fragments.set(name, emptySize)
    const fragment = this.context.getFragment(name)
    const size = fragment ? this.of(fragment.selectionSet) : emptySize
    this.#fragments.set(name, size)
    return size
  }
}

function findExcess(document: DocumentNode, context: ValidationContext): string | undefined {
  const measure = new DocumentMeasure(context)
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue
    const size = measure.of(definition.selectionSet)
    if (size.depth > documentLimits.depth) return `The operation must be nested at most ${documentLimits.depth} levels deep.`
    if (size.aliases > documentLimits.aliases) return `The operation must have at most ${documentLimits.aliases} aliases.`
    if (size.introspectionAliases > 0) return 'Introspection must not use aliases. Remove them.'
    const own = definition.directives?.length ?? 0
    if (Math.max(own, size.directivesAtOnce) > documentLimits.directivesAtOnce)
      return `One element of an operation must have at most ${documentLimits.directivesAtOnce} directives.`
    if (size.directives + own > documentLimits.directives) return `The operation must have at most ${documentLimits.directives} directives.`
    if (definition.operation === OperationTypeNode.MUTATION && size.roots > documentLimits.mutations)
      return `The operation must have at most ${documentLimits.mutations} mutations. Send the others in further requests.`
  }
  const fragments = document.definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION)
  if (fragments.length > documentLimits.fragments) return `The document must have at most ${documentLimits.fragments} fragments.`
  for (const { selectionSet } of fragments) measure.of(selectionSet)
  return measure.duplicateFields > documentLimits.repeats
    ? `The document must not repeat the same fields more than ${documentLimits.repeats} times.`
    : undefined
}

const limitsRule: ValidationRule = (context: ValidationContext): ASTVisitor => ({
  Document(document) {
    const excess = findExcess(document, context)
    if (excess === undefined) return
    // graphql-js stops at `maxErrors`, so its quadratic rules do not run on this document.
    for (let i = 0; i <= documentLimits.errors; i++) context.reportError(tooComplex(excess))
  },
})

export const validationRules: ValidationRule[] = [limitsRule]

const tooExpensive = (text: string): RequestError => new RequestError('OPERATION_TOO_COMPLEX', text)

/** @throws RequestError OPERATION_TOO_COMPLEX */
export function assertAffordable({ points, counts }: Cost): void {
  if (counts > documentLimits.counts)
    throw tooExpensive(
      `The operation counts ${counts} lists, and the limit is ${documentLimits.counts}. Select "totalCount" in fewer lists.`,
    )
  if (points > documentLimits.complexity)
    throw tooExpensive(
      `The operation costs ${points} points, and the limit is ${documentLimits.complexity}. Select fewer fields, or fewer or shorter lists.`,
    )
}
