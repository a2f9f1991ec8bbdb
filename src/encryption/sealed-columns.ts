/**
 * Every column that holds something sealed, and what its values are bound to: the list that the check at start, `vault
 * status` and `vault reseal` go by. It stands above tenants, since the master keys do.
 */
import { raw, type EntityManager, type MikroORM } from '@mikro-orm/core'

import { DeploymentSecret, deploymentSecretAad } from '../entities/deployment-secret.js'
import { McpCredential } from '../entities/mcp-credential.js'
import { PersonalToken, personalTokenAad } from '../entities/personal-token.js'
import { SigningKey, privateKeyAad } from '../entities/signing-key.js'

interface Row {
  readonly id: string
}

export interface SealedColumn {
  /** What an operator calls its contents. */
  readonly name: string
  readonly entity: new () => Row
  readonly property: string
  readonly aad: (row: never) => readonly (string | null)[]
}

const column = <T extends Row>(
  name: string,
  entity: new () => T,
  property: keyof T & string,
  aad: (row: T) => readonly (string | null)[],
): SealedColumn => ({ name, entity, property, aad })

export const sealedColumns: readonly SealedColumn[] = [
  column('signing keys', SigningKey, 'sealedPrivateKey', ({ id }) => privateKeyAad(id)),
  column('reveal texts', PersonalToken, 'sealedText', personalTokenAad),
  column('credentials', McpCredential, 'sealedValue', (row) => row.aad()),
  column('deployment secrets', DeploymentSecret, 'sealedValue', ({ id }) => deploymentSecretAad(id)),
]

/** Where it stands in the database. */
export function describeTable(orm: MikroORM, { entity, property }: SealedColumn): { table: string; field: string } {
  const { tableName, properties } = orm.getMetadata().get(entity)
  return { table: tableName, field: (properties as Record<string, { fieldNames: string[] }>)[property]!.fieldNames[0]! }
}

export interface SealedRow {
  readonly id: string
  readonly envelope: string
  readonly aad: readonly (string | null)[]
}

/** Whatever tenant and owner: who calls this holds the master keys. */
const everywhere = { filters: { tenant: false, owner: false } } as const

/** By the very characters: `like` takes "K1" for "k1" on SQLite. Columns are named by hand, since MikroORM does not look into SQL. */
const underKey = (property: string, keyId: string): Record<PropertyKey, unknown> => {
  const columnName = property.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  const beginning = `v1.${keyId}.`
  return { [raw(`substr(${columnName}, 1, ${beginning.length}) = ?`, [beginning])]: [] }
}

/** Rows with a value that is sealed under none of these keys. */
const underNone = ({ property }: SealedColumn, keyIds: readonly string[]): Record<PropertyKey, unknown> => ({
  $and: [{ [property]: { $ne: null } }, ...keyIds.map((keyId) => ({ $not: underKey(property, keyId) }))],
})

const forkUnscoped = (orm: MikroORM): EntityManager => orm.em.fork()

const toSealed = ({ property, aad }: SealedColumn, row: Row): SealedRow => ({
  id: row.id,
  envelope: Reflect.get(row, property) as string,
  aad: aad(row as never),
})

export const countSealedWith = (orm: MikroORM, { entity, property }: SealedColumn, keyId: string): Promise<number> =>
  forkUnscoped(orm).count(entity, underKey(property, keyId), everywhere)

export const countNotSealedWith = (orm: MikroORM, sealed: SealedColumn, keyIds: readonly string[]): Promise<number> =>
  forkUnscoped(orm).count(sealed.entity, underNone(sealed, keyIds), everywhere)

/** A page in the order of ids, so that it can be gone on with. */
export async function findNotSealedWith(
  orm: MikroORM,
  sealed: SealedColumn,
  keyIds: readonly string[],
  page: { after: string; limit: number },
): Promise<SealedRow[]> {
  const where = { $and: [underNone(sealed, keyIds), { id: { $gt: page.after } }] } as object
  const rows = await forkUnscoped(orm).find(sealed.entity, where, { ...everywhere, orderBy: { id: 'ASC' }, limit: page.limit })
  return rows.map((row) => toSealed(sealed, row))
}

/** What these rows hold now; a row that was wiped or is gone is left out. */
export async function rowsById(orm: MikroORM, sealed: SealedColumn, ids: readonly string[]): Promise<SealedRow[]> {
  const where = { id: { $in: ids }, [sealed.property]: { $ne: null } } as object
  const rows = await forkUnscoped(orm).find(sealed.entity, where, everywhere)
  return rows.map((row) => toSealed(sealed, row))
}

/** Only if it still holds what was read: a change that came between is not lost. */
export async function replaceEnvelope(
  orm: MikroORM,
  { entity, property }: SealedColumn,
  row: SealedRow,
  envelope: string,
): Promise<boolean> {
  const where = { id: row.id, [property]: row.envelope } as object
  return (await forkUnscoped(orm).nativeUpdate(entity, where, { [property]: envelope } as object, everywhere)) === 1
}
