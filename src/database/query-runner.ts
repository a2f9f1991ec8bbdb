/** Interfaces of prepared queries and of tenant queries, for either database. */
import type { Row } from './row-mapper.js'

/** SQL with `?` for each parameter, on either database. */
export interface PreparedQuery {
  readonly name: string
  readonly sql: string
}

export type Parameter = string | number | Date

export interface QueryRunner {
  /** First row of a query. @throws RequestError UNAVAILABLE when the database cannot be reached */
  read(query: PreparedQuery, parameters: readonly Parameter[]): Promise<Row | undefined>
  /** All rows of a query, without pagination. @throws RequestError UNAVAILABLE when the database cannot be reached */
  readAll(query: PreparedQuery, parameters: readonly Parameter[]): Promise<readonly Row[]>
  /** All rows of an unnamed statement. @throws RequestError UNAVAILABLE when the database cannot be reached */
  queryAll(sql: string, parameters: readonly unknown[]): Promise<readonly Row[]>
}

/** List, count, aggregate or search, whose cost may grow with the rows of the tenant. */
export interface TenantQuery {
  readonly sql: string
  readonly parameters: readonly unknown[]
  /** True if an index covers condition and order: the cost of a page is then independent of the number of rows. */
  readonly isIndexed: boolean
}

/** Runs the tenant queries of one request, one after another. */
export interface TenantQueryRunner {
  /** All rows of a query. @throws RequestError CONCURRENCY_LIMITED, QUERY_TIMEOUT, UNAVAILABLE */
  run(query: TenantQuery): Promise<readonly Row[]>
}

/** Tenant queries with limits by organization: how many run and wait, and how long each may take. */
export interface TenantQueries {
  /** @param assertActive runs before each query; throws after a timeout or disconnect of the client */
  forRequest(organizationId: string, assertActive: () => void): TenantQueryRunner
  close(): Promise<void>
}
