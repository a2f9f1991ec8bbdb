/** Pages of the rows visible to the actor, in the shape of Relay connections. */
import type { EntityManager, EntityProperty } from '@mikro-orm/core'

import { buildCountQuery, buildListQuery, type Condition } from '../database/queries/lists.js'
import type { TenantQuery } from '../database/query-runner.js'
import { hydrate, type Row } from '../database/row-mapper.js'
import { badUserInput } from '../lib/errors.js'
import { encodeCursor, PageArgumentError, toPageQuery, type Order, type PageArguments, type PageQuery } from './page.js'

/** One page of a connection. */
export interface Page<T> {
  readonly edges: readonly { readonly cursor: string; readonly node: T }[]
  readonly hasNextPage: boolean
  readonly hasPreviousPage: boolean
  /** Runs the count query; called only if the client selects the count. */
  readonly count: () => Promise<number>
}

/** Default order of lists. */
export const newestFirst: Order = { field: 'createdAt', direction: 'DESC' }

/**
 * Parses page arguments. Verbs call it before they check a permission, so that invalid input is reported first.
 * @throws RequestError BAD_USER_INPUT for an invalid size or cursor
 */
export function parsePageArgs(em: EntityManager, entity: new () => object, page: PageArguments, order: Order = newestFirst): PageQuery {
  const column = em.getMetadata().get(entity).properties[order.field as never] as EntityProperty | undefined
  try {
    return toPageQuery(page, order, column?.runtimeType === 'Date' ? 'date' : 'text')
  } catch (error) {
    throw error instanceof PageArgumentError ? badUserInput(error.message) : error
  }
}

/** Request data that a list query needs: an entity manager scoped to the actor, and its query runner. */
export interface ListSource {
  readonly em: EntityManager
  query(query: TenantQuery): Promise<readonly Row[]>
}

/**
 * Reads rows as detached entities. MikroORM builds the query, with its filters; its unit of work is bypassed, since it
 * would take five times as long as the rest.
 */
async function findRows<T extends object>(source: ListSource, entity: new () => T, where: Condition, page: PageQuery): Promise<T[]> {
  const rows = await source.query(await buildListQuery(source.em, entity, where, page))
  return rows.map((row) => hydrate(source.em.getMetadata(), entity, row))
}

async function countRows(source: ListSource, entity: new () => object, where: Condition): Promise<number> {
  const [row] = await source.query(await buildCountQuery(source.em, entity, where))
  return Number(row?.['count'])
}

/** Reads one page. @throws RequestError BAD_USER_INPUT for an invalid size or cursor */
export async function paginate<T extends { id: string }>(
  source: ListSource,
  entity: new () => T,
  page: PageArguments,
  where: Condition = {},
  order: Order = newestFirst,
): Promise<Page<T>> {
  const pageQuery = parsePageArgs(source.em, entity, page, order)
  const rows = await findRows(source, entity, where, { ...pageQuery, limit: pageQuery.limit + 1 })
  const hasMore = rows.length > pageQuery.limit
  const nodes = rows.slice(0, pageQuery.limit)
  if (pageQuery.isBackward) nodes.reverse()
  return {
    edges: nodes.map((node) => ({
      node,
      // Lazy: encoded only if the client selects it.
      get cursor() {
        return encodeCursor(order.field === 'id' ? null : Reflect.get(node, order.field), node.id)
      },
    })),
    hasNextPage: pageQuery.isBackward ? page.before != null : hasMore,
    hasPreviousPage: pageQuery.isBackward ? hasMore : page.after != null,
    count: () => countRows(source, entity, where),
  }
}

/** Rows in the order of their ids, without pagination. */
export const listById = <T extends object>(source: ListSource, entity: new () => T, limit = Number.MAX_SAFE_INTEGER): Promise<T[]> =>
  findRows(source, entity, {}, { limit, isBackward: false, where: {}, orderBy: [{ id: 'ASC' }] })
