/** Reads and tampers with stored MCP credentials directly in the database. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { systemContext } from '../../src/context/context.js'
import { McpCredential } from '../../src/entities/mcp-credential.js'
import type { TestApp } from './app.js'
import { isPostgres, testMasterKeys } from './database.js'
import type { SeededOrganization } from './seed.js'

/** All MCP credentials of an organization, of every owner. */
export async function credentialRows(app: TestApp, { id }: SeededOrganization): Promise<McpCredential[]> {
  const { em } = systemContext(app.services, id)
  em.setFilterParams('owner', { allOwners: true })
  return em.find(McpCredential, {}, { orderBy: { id: 'ASC' } })
}

export async function credentialRow(app: TestApp, organization: SeededOrganization, id: string): Promise<McpCredential> {
  const row = (await credentialRows(app, organization)).find((one) => one.id === id)
  if (!row) throw new Error(`no credential ${id}`)
  return row
}

/** Executes SQL without the application's checks; `?` is a parameter. */
export const tamper = (app: TestApp, sql: string, parameters: (string | null)[]): Promise<unknown> =>
  (app.services.orm.em.getDriver().getConnection() as unknown as { execute(sql: string, parameters: unknown[]): Promise<unknown> }).execute(
    sql,
    parameters,
  )

/** The application's master key as `id:base64`. */
export const firstMasterKey = (app: TestApp): string =>
  isPostgres ? testMasterKeys : readFileSync(join(app.config.dataDir, 'master.key'), 'utf8').trim()

export const newMasterKey = (id: string): string => `${id}:${Buffer.alloc(32, id).toString('base64')}`
