/** Relay's connections: a page of rows with cursors, and the arguments that ask for one. */
import { ArgsType, Field, Int, ObjectType, type ClassType, registerEnumType } from 'type-graphql'

import type { Page } from '../pagination/paginate.js'

@ArgsType()
export class PageArgs {
  @Field(() => Int, {
    nullable: true,
    description: 'How many, from the start: 1 to 100. 20 when neither `first` nor `last` is given; both is an error.',
  })
  first?: number | null

  @Field(() => String, { nullable: true, description: 'Only what comes after this cursor.' })
  after?: string | null

  @Field(() => Int, { nullable: true, description: 'How many, from the end: 1 to 100.' })
  last?: number | null

  @Field(() => String, { nullable: true, description: 'Only what comes before this cursor.' })
  before?: string | null
}

@ObjectType('PageInfo', { description: 'Where a page stands in its list.' })
class PageInfo {
  @Field(() => Boolean, { description: 'Whether the list goes on after this page.' })
  hasNextPage!: boolean

  @Field(() => Boolean, { description: 'Whether the list has something before this page.' })
  hasPreviousPage!: boolean

  @Field(() => String, { nullable: true, description: 'The cursor of the first row; null on an empty page.' })
  startCursor!: string | null

  @Field(() => String, { nullable: true, description: 'The cursor of the last row; null on an empty page.' })
  endCursor!: string | null
}

export interface Connection<T> {
  readonly edges: { cursor: string; node: T }[]
  readonly nodes: T[]
  readonly pageInfo: PageInfo
}

/** The connection type of a node type, with the function that makes one of a page. */
export function createConnectionType<T extends object>(
  name: string,
  node: () => ClassType<T>,
  options: { hasTotalCount: boolean } = { hasTotalCount: true },
): { type: ClassType<Connection<T>>; from: (page: Page<T>) => Connection<T> } {
  @ObjectType(`${name}Edge`, { description: `One ${name} of a page, with its cursor.` })
  class Edge {
    @Field(() => String, { description: 'Where the row stands: for `after` and `before`. Opaque.' })
    cursor!: string

    @Field(node, { description: 'The row.' })
    node!: T
  }

  @ObjectType(`${name}Connection`, { description: `A page of a list of ${name}.` })
  class PlainConnection implements Connection<T> {
    constructor(private readonly page: Page<T>) {}

    @Field(() => [Edge], { description: 'The rows with their cursors.' })
    get edges(): Edge[] {
      return [...this.page.edges]
    }

    @Field(() => [node()], { description: 'The rows alone.' })
    get nodes(): T[] {
      return this.page.edges.map((edge) => edge.node)
    }

    @Field(() => PageInfo, { description: 'Where the page stands in the list.' })
    get pageInfo(): PageInfo {
      const { edges, hasNextPage, hasPreviousPage } = this.page
      return { hasNextPage, hasPreviousPage, startCursor: edges[0]?.cursor ?? null, endCursor: edges.at(-1)?.cursor ?? null }
    }

    count(): Promise<number> {
      return this.page.count()
    }
  }
  if (options.hasTotalCount) {
    const description = 'How many rows the whole list has. Counted only when asked for; a document counts at most three lists.'
    Field(() => Int, { name: 'totalCount', description })(
      PlainConnection.prototype,
      'count',
      Object.getOwnPropertyDescriptor(PlainConnection.prototype, 'count')!,
    )
  }
  return { type: PlainConnection, from: (page) => new PlainConnection(page) }
}

export const OrderDirection = { ASC: 'ASC', DESC: 'DESC' } as const

export type OrderDirection = keyof typeof OrderDirection

registerEnumType(OrderDirection, {
  name: 'OrderDirection',
  description: 'Which end of a list comes first.',
  valuesConfig: { ASC: { description: 'The smallest or earliest first.' }, DESC: { description: 'The largest or latest first.' } },
})
