/**
 * The SQL of lists, written once for each form of question: MikroORM's query builder takes longer than the database, and
 * writes the same text for the same form. What differs between two requests are values, and each is a parameter.
 */
import type { EntityManager } from '@mikro-orm/core'
import type { SqlEntityManager } from '@mikro-orm/sql'

import type { Window } from '../../pagination/page.js'
import { isIndexed } from '../index-coverage.js'
import type { TenantQuery } from '../query-runner.js'

type Statement = Pick<TenantQuery, 'sql' | 'parameters'>

interface Prepared {
  readonly sql: string
  /** Which value each parameter is. */
  readonly order: readonly number[]
}

/** Forms that are kept, and values that one may have: callers choose their filters, and nobody must be able to fill the memory with them. */
const mostForms = 500
const mostValues = 100
/** By the metadata of the database that they are for. */
const known = new WeakMap<object, Map<string, Prepared>>()

function formsOf(em: EntityManager): Map<string, Prepared> {
  let forms = known.get(em.getMetadata())
  if (!forms) known.set(em.getMetadata(), (forms = new Map()))
  return forms
}

export type Condition = Readonly<Record<PropertyKey, unknown>>

const isLeaf = (value: unknown): boolean => typeof value !== 'object' || value instanceof Date

/** The condition without its values, which are gathered in order; undefined when it holds SQL of its own, or nothing where something should be. */
function formOf(value: unknown, values: unknown[]): string | undefined {
  if (value === undefined) return undefined
  // It makes another statement, not another parameter.
  if (value === null) return 'null'
  if (isLeaf(value)) return `?${values.push(value)}`
  const isList = Array.isArray(value)
  if (!isList && (Object.getPrototypeOf(value) !== Object.prototype || Object.getOwnPropertySymbols(value).length > 0)) return undefined
  let form = ''
  for (const [key, part] of Object.entries(value as Condition)) {
    const inner = formOf(part, values)
    if (inner === undefined) return undefined
    form += `${isList ? '' : `${key}:`}${inner},`
  }
  return isList ? `[${form}]` : `{${form}}`
}

/** The same condition with other values. */
function withValues(value: unknown, next: () => unknown): unknown {
  if (value === null) return null
  if (isLeaf(value)) return next()
  if (Array.isArray(value)) return value.map((part) => withValues(part, next))
  return Object.fromEntries(Object.entries(value as Condition).map(([key, part]) => [key, withValues(part, next)]))
}

function write(em: EntityManager, entity: new () => object, where: Condition, orderBy: Window['orderBy'], limit: number): Statement {
  const query = (em as SqlEntityManager).createQueryBuilder(entity).select('*').where(where)
  const { sql, params } = query
    .orderBy(orderBy as object[])
    .limit(limit)
    .toQuery()
  return { sql, parameters: params }
}

/** Nobody's limit: what stands for one where a form is learned. */
const someLimit = 987_654_321

/** Undefined when the builder makes of a value something that no other could stand for, or drops it. */
function learn(em: EntityManager, entity: new () => object, where: Condition, orderBy: Window['orderBy']): Prepared | undefined {
  const marks: unknown[] = []
  const marked = withValues(where, () => marks[marks.push(`value ${marks.length}`) - 1]) as Condition
  const { sql, parameters } = write(em, entity, marked, orderBy, someLimit)
  const order = parameters.map((parameter) => (parameter === someLimit ? marks.length : marks.indexOf(parameter)))
  const isWhole = !order.includes(-1) && new Set(order).size === marks.length + 1
  return isWhole ? { sql, order } : undefined
}

function prepare(
  em: EntityManager,
  entity: new () => object,
  form: string,
  where: Condition,
  orderBy: Window['orderBy'],
): Prepared | undefined {
  const forms = formsOf(em)
  const name = `${entity.name} ${form} ${JSON.stringify(orderBy)}`
  let prepared = forms.get(name)
  if (!prepared) {
    prepared = learn(em, entity, where, orderBy)
    if (forms.size >= mostForms) forms.clear()
    if (prepared) forms.set(name, prepared)
  }
  return prepared
}

/** What the filters of the entity manager add to a condition: which rows the caller sees. */
const visibleTo = async (em: EntityManager, entity: new () => object): Promise<Condition> =>
  (await em.applyFilters(entity, {}, {}, 'read')) ?? {}

/** Every column of the rows that the caller sees and that fit the condition. */
export async function listStatement(em: EntityManager, entity: new () => object, where: Condition, page: Window): Promise<TenantQuery> {
  const { orderBy, limit } = page
  const visible = await visibleTo(em, entity)
  const all = { $and: [where, page.where, visible] }
  const meta = em.getMetadata().get(entity)
  return { ...statementOf(em, entity, all, orderBy, limit), isIndexed: isIndexed(meta, [where, visible], orderBy) }
}

function statementOf(em: EntityManager, entity: new () => object, where: Condition, orderBy: Window['orderBy'], limit: number): Statement {
  const values: unknown[] = []
  const form = formOf(where, values)
  const prepared = form === undefined || values.length > mostValues ? undefined : prepare(em, entity, form, where, orderBy)
  if (!prepared) return write(em, entity, where, orderBy, limit)
  values.push(limit)
  return { sql: prepared.sql, parameters: prepared.order.map((i) => values[i]) }
}

/** How many rows the caller sees that fit the condition, as `count`. */
export async function countStatement(em: EntityManager, entity: new () => object, where: Condition): Promise<TenantQuery> {
  const all = { $and: [where, await visibleTo(em, entity)] }
  const { sql, params } = (em as SqlEntityManager).createQueryBuilder(entity).count().where(all).toQuery()
  return { sql, parameters: params, isIndexed: false }
}
