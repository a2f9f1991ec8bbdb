/** Sealed columns with their AAD, and their queries across all tenants, since master keys belong to the deployment. */
import type { EntityManager, MikroORM } from '@mikro-orm/core'

import type { Condition } from '../database/queries/lists.js'
import { startsWith, type SealedField } from '../database/queries/sealed-columns.js'
import { DeploymentSecret, deploymentSecretAad } from '../entities/deployment-secret.js'
import { consentAad, McpConnection, verifierAad } from '../entities/mcp-connection.js'
import { McpCredential } from '../entities/mcp-credential.js'
import { clientSecretAad, McpOAuthClient } from '../entities/mcp-oauth-client.js'
import { OAuthConfiguration, oidcClientSecretAad } from '../entities/oauth-configuration.js'
import { OAuthRefreshToken, successorAad } from '../entities/oauth-refresh-token.js'
import { PersonalToken, personalTokenAad } from '../entities/personal-token.js'
import { SigningKey, privateKeyAad } from '../entities/signing-key.js'

interface Row {
  readonly id: string
}

/** A column with sealed values. */
export interface SealedColumn {
  /** Name of its contents in output for operators. */
  readonly name: string
  readonly entity: new () => Row
  readonly property: string
  /** Additional authenticated data, which binds a value to its row. */
  readonly aad: (row: never) => readonly (string | null)[]
}

const defineColumn = <T extends Row>(
  name: string,
  entity: new () => T,
  property: keyof T & string,
  aad: (row: T) => readonly (string | null)[],
): SealedColumn => ({ name, entity, property, aad })

/** Every sealed column, for the check at startup, `vault status` and `vault reseal`. */
export const sealedColumns: readonly SealedColumn[] = [
  defineColumn('signing keys', SigningKey, 'sealedPrivateKey', ({ id }) => privateKeyAad(id)),
  defineColumn('reveal texts', PersonalToken, 'sealedText', personalTokenAad),
  defineColumn('refresh responses', OAuthRefreshToken, 'sealedSuccessor', successorAad),
  defineColumn('credentials', McpCredential, 'sealedValue', (row) => row.aad()),
  defineColumn('OpenID client secrets', OAuthConfiguration, 'sealedOidcClientSecret', oidcClientSecretAad),
  defineColumn('refresh tokens', McpCredential, 'sealedRefresh', (row) => row.refreshAad()),
  defineColumn('client secrets', McpOAuthClient, 'sealedSecret', clientSecretAad),
  defineColumn('code verifiers', McpConnection, 'sealedVerifier', verifierAad),
  defineColumn('waiting consents', McpConnection, 'sealedConsent', consentAad),
  defineColumn('deployment secrets', DeploymentSecret, 'sealedValue', ({ id }) => deploymentSecretAad(id)),
]

/** Names of its table and column in the database. */
export function describeSealedField(orm: MikroORM, { entity, property }: SealedColumn): SealedField {
  const { tableName, properties } = orm.getMetadata().get(entity)
  return { table: tableName, field: (properties as Record<string, { fieldNames: string[] }>)[property]!.fieldNames[0]! }
}

/** A row's envelope and the AAD that it was sealed with. */
export interface SealedRow {
  readonly id: string
  readonly envelope: string
  readonly aad: readonly (string | null)[]
}

/** Disables tenant and owner filters: an operator with the master keys runs these queries. */
const unfiltered = { filters: { tenant: false, owner: false } } as const

/** Condition for values sealed with a key. */
const sealedWith = (orm: MikroORM, column: SealedColumn, keyId: string): Condition =>
  startsWith(describeSealedField(orm, column), `v1.${keyId}.`)

/** Condition for values sealed with none of these keys. */
const notSealedWith = (orm: MikroORM, column: SealedColumn, keyIds: readonly string[]): Condition => ({
  $and: [{ [column.property]: { $ne: null } }, ...keyIds.map((keyId) => ({ $not: sealedWith(orm, column, keyId) }))],
})

const forkUnscoped = (orm: MikroORM): EntityManager => orm.em.fork()

const toSealedRow = ({ property, aad }: SealedColumn, row: Row): SealedRow => ({
  id: row.id,
  envelope: Reflect.get(row, property) as string,
  aad: aad(row as never),
})

/** Number of rows sealed with a key. */
export const countSealedWith = (orm: MikroORM, column: SealedColumn, keyId: string): Promise<number> =>
  forkUnscoped(orm).count(column.entity, sealedWith(orm, column, keyId), unfiltered)

/** Number of rows sealed with none of these keys. */
export const countNotSealedWith = (orm: MikroORM, column: SealedColumn, keyIds: readonly string[]): Promise<number> =>
  forkUnscoped(orm).count(column.entity, notSealedWith(orm, column, keyIds), unfiltered)

/** A page of rows sealed with none of these keys, ordered by id so that the next page can follow. */
export async function findNotSealedWith(
  orm: MikroORM,
  column: SealedColumn,
  keyIds: readonly string[],
  page: { after: string; limit: number },
): Promise<SealedRow[]> {
  const where = { $and: [notSealedWith(orm, column, keyIds), { id: { $gt: page.after } }] } as object
  const rows = await forkUnscoped(orm).find(column.entity, where, { ...unfiltered, orderBy: { id: 'ASC' }, limit: page.limit })
  return rows.map((row) => toSealedRow(column, row))
}

/** Current envelopes of these rows, without rows that were wiped or deleted. */
export async function findRowsById(orm: MikroORM, column: SealedColumn, ids: readonly string[]): Promise<SealedRow[]> {
  const where = { id: { $in: ids }, [column.property]: { $ne: null } } as object
  const rows = await forkUnscoped(orm).find(column.entity, where, unfiltered)
  return rows.map((row) => toSealedRow(column, row))
}

/** Compare-and-swap: replaces the envelope if it is still the one that was read, so no concurrent change is lost. */
export async function replaceEnvelope(
  orm: MikroORM,
  { entity, property }: SealedColumn,
  row: SealedRow,
  envelope: string,
): Promise<boolean> {
  const where = { id: row.id, [property]: row.envelope } as object
  return (await forkUnscoped(orm).nativeUpdate(entity, where, { [property]: envelope } as object, unfiltered)) === 1
}
