/** Pages of rows that the caller sees, as Relay's connections want them. */
import type { EntityManager, EntityProperty } from '@mikro-orm/core'

import { countStatement, listStatement, type Condition } from '../database/queries/lists.js'
import type { TenantQuery } from '../database/query-runner.js'
import { hydrate, type Row } from '../database/row-mapper.js'
import { badUserInput } from '../lib/errors.js'
import { encodeCursor, PageArgumentError, toPageQuery, type Order, type PageArguments, type PageQuery } from './page.js'

export interface Page<T> {
  readonly edges: readonly { readonly cursor: string; readonly node: T }[]
  readonly hasNextPage: boolean
  readonly hasPreviousPage: boolean
  /** Counted only when asked for. */
  readonly count: () => Promise<number>
}

export const newestFirst: Order = { field: 'createdAt', direction: 'DESC' }

/**
 * For verbs to call before they ask for a permission: input is refused first.
 * @throws RequestError BAD_USER_INPUT for a bad size or cursor.
 */
export function parsePageArgs(em: EntityManager, entity: new () => object, page: PageArguments, order: Order = newestFirst): PageQuery {
  const column = em.getMetadata().get(entity).properties[order.field as never] as EntityProperty | undefined
  try {
    return toPageQuery(page, order, column?.runtimeType === 'Date' ? 'date' : 'text')
  } catch (error) {
    throw error instanceof PageArgumentError ? badUserInput(error.message) : error
  }
}

/** What a list needs of a request: an entity manager that sees what the caller sees, and a way to query. */
export interface Desk {
  readonly em: EntityManager
  query(query: TenantQuery): Promise<readonly Row[]>
}

/**
 * The rows as plain objects of their class: nobody's to flush. The query is MikroORM's, with its filters; its unit of work
 * has nothing to do here, and would take five times as long as the rest.
 */
async function findRows<T extends object>(desk: Desk, entity: new () => T, where: Condition, window: PageQuery): Promise<T[]> {
  const rows = await desk.query(await listStatement(desk.em, entity, where, window))
  return rows.map((row) => hydrate(desk.em.getMetadata(), entity, row))
}

async function countRows(desk: Desk, entity: new () => object, where: Condition): Promise<number> {
  const [row] = await desk.query(await countStatement(desk.em, entity, where))
  return Number(row?.['count'])
}

/** @throws RequestError BAD_USER_INPUT for a bad size or cursor. */
export async function paginate<T extends { id: string }>(
  desk: Desk,
  entity: new () => T,
  page: PageArguments,
  where: Condition = {},
  order: Order = newestFirst,
): Promise<Page<T>> {
  const window = parsePageArgs(desk.em, entity, page, order)
  const rows = await findRows(desk, entity, where, { ...window, limit: window.limit + 1 })
  const hasMore = rows.length > window.limit
  const kept = rows.slice(0, window.limit)
  if (window.isBackward) kept.reverse()
  return {
    edges: kept.map((node) => ({
      node,
      // Only where it is asked for.
      get cursor() {
        return encodeCursor(order.field === 'id' ? null : Reflect.get(node, order.field), node.id)
      },
    })),
    hasNextPage: window.isBackward ? page.before != null : hasMore,
    hasPreviousPage: window.isBackward ? hasMore : page.after != null,
    count: () => countRows(desk, entity, where),
  }
}

/** Rows by their id, without pages. */
export const listById = <T extends object>(desk: Desk, entity: new () => T, limit = Number.MAX_SAFE_INTEGER): Promise<T[]> =>
  findRows(desk, entity, {}, { limit, isBackward: false, where: {}, orderBy: [{ id: 'ASC' }] })
