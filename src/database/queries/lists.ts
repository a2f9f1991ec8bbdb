/** SQL of lists and counts, from the query builder with the filters of the entity manager. */
import type { EntityManager } from '@mikro-orm/core'
import type { SqlEntityManager } from '@mikro-orm/sql'

import { isIndexed } from '../index-coverage.js'
import type { TenantQuery } from '../query-runner.js'

export type Condition = Readonly<Record<PropertyKey, unknown>>

/** Limit, cursor and order of one page. */
export interface ListPage {
  readonly limit: number
  /** Condition for rows after the cursor. */
  readonly where: Condition
  readonly orderBy: readonly Readonly<Record<string, string>>[]
}

/** Condition of the entity manager's filters, which limits rows to those visible to the caller. */
const visibilityCondition = async (em: EntityManager, entity: new () => object): Promise<Condition> =>
  (await em.applyFilters(entity, {}, {}, 'read')) ?? {}

/** One page of the visible rows that match the condition, with all columns. */
export async function buildListQuery(em: EntityManager, entity: new () => object, where: Condition, page: ListPage): Promise<TenantQuery> {
  const { orderBy, limit } = page
  const visible = await visibilityCondition(em, entity)
  const query = (em as SqlEntityManager)
    .createQueryBuilder(entity)
    .select('*')
    .where({ $and: [where, page.where, visible] })
    .orderBy([...orderBy])
    .limit(limit)
  const { sql, params } = query.toQuery()
  return { sql, parameters: params, isIndexed: isIndexed(em.getMetadata().get(entity), [where, visible], orderBy) }
}

/** Number of visible rows that match the condition, as `count`. */
export async function buildCountQuery(em: EntityManager, entity: new () => object, where: Condition): Promise<TenantQuery> {
  const condition = { $and: [where, await visibilityCondition(em, entity)] }
  const { sql, params } = (em as SqlEntityManager).createQueryBuilder(entity).count().where(condition).toQuery()
  return { sql, parameters: params, isIndexed: false }
}
