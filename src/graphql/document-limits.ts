/** What one document may hold and cost: depth, aliases, mutations, directives, fragments, repeated fields, points, counts. */
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
  /** At one field, fragment or operation: there are two that an operation can use, and neither is for using twice. */
  directivesAtOnce: 2,
  fragments: 100,
  /** Of one response name in one selection set, summed over the document: merging them is quadratic. */
  repeats: 100,
  complexity: 10_000,
  /** Fields `totalCount`, each as often as the list that it counts. */
  counts: 3,
  errors: 20,
} as const

const tooComplex = (message: string): GraphQLError => new GraphQLError(message, { extensions: { code: 'OPERATION_TOO_COMPLEX' } })

/** Introspection is deep by nature (14 levels in the standard query), and graphql-js bounds its depth by a rule of its own. */
const isIntrospection = (field: FieldNode): boolean => field.name.value === '__schema' || field.name.value === '__type'

interface Size {
  depth: number
  aliases: number
  /** Each multiplies what introspection answers, which has no complexity; no tool needs one. */
  introspectionAliases: number
  roots: number
  directives: number
  directivesAtOnce: number
}

const nothing: Readonly<Size> = { depth: 0, aliases: 0, introspectionAliases: 0, roots: 0, directives: 0, directivesAtOnce: 0 }

function add(total: Size, more: Readonly<Size>): void {
  total.depth = Math.max(total.depth, more.depth)
  total.aliases += more.aliases
  total.introspectionAliases += more.introspectionAliases
  total.roots += more.roots
  total.directives += more.directives
  total.directivesAtOnce = Math.max(total.directivesAtOnce, more.directivesAtOnce)
}

/** Counts a fragment each time it is spread, yet walks it once: spreads of spreads grow exponentially. */
class DocumentMeasure {
  readonly #fragments = new Map<string, Readonly<Size>>()
  duplicateFields = 0

  constructor(private readonly context: ValidationContext) {}

  of(set: SelectionSetNode, names = new Set<string>()): Readonly<Size> {
    const size = { ...nothing }
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
    const within = field.selectionSet ? this.of(field.selectionSet) : nothing
    if (!isIntrospection(field))
      return {
        depth: 1 + within.depth,
        aliases: alias + within.aliases,
        introspectionAliases: within.introspectionAliases,
        roots: 1,
        directives: within.directives,
        directivesAtOnce: within.directivesAtOnce,
      }
    const isSchema = field.name.value === '__schema'
    return {
      depth: 0,
      aliases: isSchema ? 0 : alias,
      introspectionAliases: within.aliases + within.introspectionAliases + (isSchema ? alias : 0),
      roots: 0,
      directives: within.directives,
      directivesAtOnce: within.directivesAtOnce,
    }
  }

  #fragment(name: string): Readonly<Size> {
    const known = this.#fragments.get(name)
    if (known) return known
    // One that spreads itself is another rule's to refuse.
    this.#fragments.set(name, nothing)
    const fragment = this.context.getFragment(name)
    const size = fragment ? this.of(fragment.selectionSet) : nothing
    this.#fragments.set(name, size)
    return size
  }
}

function findExcess(document: DocumentNode, context: ValidationContext): string | undefined {
  const measure = new DocumentMeasure(context)
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue
    const size = measure.of(definition.selectionSet)
    if (size.depth > documentLimits.depth) return `This operation is nested deeper than ${documentLimits.depth} levels.`
    if (size.aliases > documentLimits.aliases) return `This operation has more than ${documentLimits.aliases} aliases.`
    if (size.introspectionAliases > 0) return 'Introspection takes no aliases.'
    const own = definition.directives?.length ?? 0
    if (Math.max(own, size.directivesAtOnce) > documentLimits.directivesAtOnce)
      return `No place of an operation takes more than ${documentLimits.directivesAtOnce} directives.`
    if (size.directives + own > documentLimits.directives) return `This operation has more than ${documentLimits.directives} directives.`
    if (definition.operation === OperationTypeNode.MUTATION && size.roots > documentLimits.mutations)
      return `One document may hold at most ${documentLimits.mutations} mutations.`
  }
  const fragments = document.definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION)
  if (fragments.length > documentLimits.fragments) return `This document has more than ${documentLimits.fragments} fragments.`
  for (const { selectionSet } of fragments) measure.of(selectionSet)
  return measure.duplicateFields > documentLimits.repeats
    ? `This document repeats the same fields more than ${documentLimits.repeats} times.`
    : undefined
}

const limitsRule: ValidationRule = (context: ValidationContext): ASTVisitor => ({
  Document(document) {
    const excess = findExcess(document, context)
    if (excess === undefined) return
    // Once it has its number of errors graphql-js stops: the rules that are quadratic never see this document.
    for (let i = 0; i <= documentLimits.errors; i++) context.reportError(tooComplex(excess))
  },
})

export const validationRules: ValidationRule[] = [limitsRule]

const tooExpensive = (text: string): RequestError => new RequestError('OPERATION_TOO_COMPLEX', text)

/** @throws RequestError OPERATION_TOO_COMPLEX */
export function assertAffordable({ points, counts }: Cost): void {
  if (counts > documentLimits.counts)
    throw tooExpensive(
      `This operation counts ${counts} lists, and may count ${documentLimits.counts}. Ask for "totalCount" in fewer of them.`,
    )
  if (points > documentLimits.complexity)
    throw tooExpensive(
      `This operation is too complex: it may cost ${documentLimits.complexity} points, and costs ${points}. Ask for fewer or shorter lists, or fewer fields.`,
    )
}
