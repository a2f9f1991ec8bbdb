/** Relay connections: pages of rows with cursors, and their arguments (Relay Cursor Connections Specification). */
import { ArgsType, Field, Int, ObjectType, type ClassType, registerEnumType } from 'type-graphql'

import { defaultPageSize, maxPageSize } from '../pagination/page.js'
import type { Page } from '../pagination/paginate.js'

export const OrderDirection = { ASC: 'ASC', DESC: 'DESC' } as const

export type OrderDirection = keyof typeof OrderDirection

registerEnumType(OrderDirection, {
  name: 'OrderDirection',
  description: 'Direction of an order.',
  valuesConfig: { ASC: { description: 'Smallest or earliest row first.' }, DESC: { description: 'Largest or latest row first.' } },
})

@ArgsType()
export class PageArgs {
  @Field(() => Int, {
    nullable: true,
    description: `Page size, from the start of the list: 1 to ${maxPageSize} rows. Default: ${defaultPageSize} rows. Cannot be combined with \`last\` (BAD_USER_INPUT).`,
  })
  first?: number | null

  @Field(() => String, {
    nullable: true,
    description: 'Returns rows after this cursor. A cursor that this list did not issue is refused (BAD_USER_INPUT).',
  })
  after?: string | null

  @Field(() => Int, {
    nullable: true,
    description: `Page size, from the end of the list: 1 to ${maxPageSize} rows. Cannot be combined with \`first\` (BAD_USER_INPUT).`,
  })
  last?: number | null

  @Field(() => String, {
    nullable: true,
    description: 'Returns rows before this cursor. A cursor that this list did not issue is refused (BAD_USER_INPUT).',
  })
  before?: string | null
}

@ObjectType('PageInfo', { simpleResolvers: true, description: 'Position of a page in its list (Relay).' })
class PageInfo {
  @Field(() => Boolean, { description: 'True if the list has rows after this page.' })
  hasNextPage!: boolean

  @Field(() => Boolean, { description: 'True if the list has rows before this page.' })
  hasPreviousPage!: boolean

  @Field(() => String, {
    nullable: true,
    description: 'Cursor of the first row: `before` of the previous page, with the same filter and order. Null for an empty page.',
  })
  startCursor!: string | null

  @Field(() => String, {
    nullable: true,
    description: 'Cursor of the last row: `after` of the next page, with the same filter and order. Null for an empty page.',
  })
  endCursor!: string | null
}

export interface Connection<T> {
  readonly edges: { cursor: string; node: T }[]
  readonly nodes: T[]
  readonly pageInfo: PageInfo
}

/** Creates the connection type of a node type, and the function that converts a page to it. */
export function createConnectionType<T extends object>(
  name: string,
  node: () => ClassType<T>,
  options: { hasTotalCount: boolean } = { hasTotalCount: true },
): { type: ClassType<Connection<T>>; from: (page: Page<T>) => Connection<T> } {
  @ObjectType(`${name}Edge`, { simpleResolvers: true, description: `Edge of \`${name}Connection\`: one row and its cursor.` })
  class Edge {
    @Field(() => String, { description: 'Opaque position of the row in the list, for `after` and `before`.' })
    cursor!: string

    @Field(node, { description: 'Row of the edge.' })
    node!: T
  }

  @ObjectType(`${name}Connection`, {
    description: `Page of a list of \`${name}\` rows (Relay connection).${options.hasTotalCount ? '' : ' The rows of this list are not counted.'}`,
  })
  class PlainConnection implements Connection<T> {
    constructor(private readonly page: Page<T>) {}

    @Field(() => [Edge], { description: 'Rows of the page, each with its cursor.' })
    get edges(): Edge[] {
      return [...this.page.edges]
    }

    @Field(() => [node()], { description: 'Rows of the page, without cursors.' })
    get nodes(): T[] {
      return this.page.edges.map((edge) => edge.node)
    }

    @Field(() => PageInfo, { description: 'Position of the page in the list.' })
    get pageInfo(): PageInfo {
      const { edges, hasNextPage, hasPreviousPage } = this.page
      return { hasNextPage, hasPreviousPage, startCursor: edges[0]?.cursor ?? null, endCursor: edges.at(-1)?.cursor ?? null }
    }

    count(): Promise<number> {
      return this.page.count()
    }
  }
  if (options.hasTotalCount) {
    const description =
      'Number of rows in the whole list, counted only if selected. One operation can count at most 3 lists (OPERATION_TOO_COMPLEX).'
    Field(() => Int, { name: 'totalCount', description })(
      PlainConnection.prototype,
      'count',
      Object.getOwnPropertyDescriptor(PlainConnection.prototype, 'count')!,
    )
  }
  return { type: PlainConnection, from: (page) => new PlainConnection(page) }
}
