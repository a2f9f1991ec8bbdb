/** SQL of lists and counts, by the query builder with the filters of the entity manager. */
import type { EntityManager } from '@mikro-orm/core'
import type { SqlEntityManager } from '@mikro-orm/sql'

import { isIndexed } from '../index-coverage.js'
import type { TenantQuery } from '../query-runner.js'

export type Condition = Readonly<Record<PropertyKey, unknown>>

/** Order, length and start of one page. */
export interface ListPage {
  readonly limit: number
  /** Rows after the cursor. */
  readonly where: Condition
  readonly orderBy: readonly Readonly<Record<string, string>>[]
}

/** The condition that the filters of the entity manager add: rows that the caller sees. */
const visibleTo = async (em: EntityManager, entity: new () => object): Promise<Condition> =>
  (await em.applyFilters(entity, {}, {}, 'read')) ?? {}

/** Every column of the rows that the caller sees and that fit the condition. */
export async function listStatement(em: EntityManager, entity: new () => object, where: Condition, page: ListPage): Promise<TenantQuery> {
  const { orderBy, limit } = page
  const visible = await visibleTo(em, entity)
  const query = (em as SqlEntityManager)
    .createQueryBuilder(entity)
    .select('*')
    .where({ $and: [where, page.where, visible] })
    .orderBy([...orderBy])
    .limit(limit)
  const { sql, params } = query.toQuery()
  return { sql, parameters: params, isIndexed: isIndexed(em.getMetadata().get(entity), [where, visible], orderBy) }
}

/** How many rows the caller sees that fit the condition, as `count`. */
export async function countStatement(em: EntityManager, entity: new () => object, where: Condition): Promise<TenantQuery> {
  const all = { $and: [where, await visibleTo(em, entity)] }
  const { sql, params } = (em as SqlEntityManager).createQueryBuilder(entity).count().where(all).toQuery()
  return { sql, parameters: params, isIndexed: false }
}
