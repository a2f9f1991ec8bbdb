import type { Row } from './row-mapper.js'

/** `?` stands for a parameter on either database. */
export interface PreparedQuery {
  readonly name: string
  readonly sql: string
}

export type Parameter = string | number | Date

export interface QueryRunner {
  /** The first row. @throws RequestError UNAVAILABLE when the database cannot be asked. */
  read(query: PreparedQuery, parameters: readonly Parameter[]): Promise<Row | undefined>
  /** Every row, for lists that a page would cut. @throws RequestError UNAVAILABLE when the database cannot be asked. */
  readAll(query: PreparedQuery, parameters: readonly Parameter[]): Promise<readonly Row[]>
  /** Every row of a statement that has no name. @throws RequestError UNAVAILABLE */
  queryAll(sql: string, parameters: readonly unknown[]): Promise<readonly Row[]>
}

/** A list, count, aggregate or search: its cost may grow with the rows of the tenant. */
export interface TenantQuery {
  readonly sql: string
  readonly parameters: readonly unknown[]
  /** An index holds condition and order, so that a page costs the same however many rows there are. */
  readonly isIndexed: boolean
}

/** Runs the tenant queries of one request, one after another. */
export interface TenantQueryRunner {
  /** Every row. @throws RequestError CONCURRENCY_LIMITED, QUERY_TIMEOUT, UNAVAILABLE */
  run(query: TenantQuery): Promise<readonly Row[]>
}

/** Limits, for each organization, how many tenant queries run and wait, and how long each may take. */
export interface TenantQueries {
  /** @param assertActive runs before each query, and throws when nobody waits for the answer any more. */
  forRequest(organizationId: string, assertActive: () => void): TenantQueryRunner
  close(): Promise<void>
}
