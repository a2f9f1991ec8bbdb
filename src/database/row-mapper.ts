/** Row mapper: converts between entities and database rows by MikroORM's metadata, without the unit of work. */
import { JsonType, type EntityMetadata, type EntityProperty, type MetadataStorage } from '@mikro-orm/core'

import { toDate, toJson, toSqliteParameter } from './dialect.js'

/** Row of a prepared statement, by column name. */
export type Row = Readonly<Record<string, unknown>>

interface Column {
  readonly property: string
  readonly name: string
  readonly isJson: boolean
  readonly isDate: boolean
  readonly isBoolean: boolean
}

export interface Table {
  readonly name: string
  readonly columns: readonly Column[]
}

const tables = new WeakMap<EntityMetadata, Table>()

const describeColumn = ({ customType, runtimeType }: EntityProperty): Pick<Column, 'isJson' | 'isDate' | 'isBoolean'> => ({
  isJson: customType instanceof JsonType,
  isDate: runtimeType === 'Date',
  isBoolean: runtimeType === 'boolean',
})

/** Table of an entity, for inserts. They skip hooks, defaults and validation, so a row must have every column. */
export function describeTable(metadata: MetadataStorage, entity: new () => object): Table {
  const meta = metadata.get(entity)
  let table = tables.get(meta)
  if (!table) {
    const columns = meta.props
      .filter((property) => property.persist !== false && property.fieldNames?.length === 1)
      .map((property) => ({ property: property.name, name: property.fieldNames[0]!, ...describeColumn(property) }))
    table = { name: meta.tableName, columns }
    tables.set(meta, table)
  }
  return table
}

/** @throws TypeError for a missing column */
export function toColumnValue(row: object, column: Column): unknown {
  const value = (row as Row)[column.property]
  if (value === undefined) throw new TypeError(`an appended row must name every column; "${column.property}" is missing`)
  return value
}

/** Column value as SQLite stores it: a parameter, or objects as JSON text. */
export function toSqliteValue(row: object, column: Column): unknown {
  const value = toColumnValue(row, column)
  if (value === null) return null
  if (column.isJson) return JSON.stringify(value)
  return toSqliteParameter(value)
}

/** Creates a detached entity from a row with all columns; no entity manager flushes it. */
export function hydrate<T extends object>(metadata: MetadataStorage, entity: new () => T, row: Row): T {
  const instance = new entity()
  // `Reflect.set` takes five times as long, which matters in long lists.
  const fields = instance as Record<string, unknown>
  for (const { property, name, isJson, isDate, isBoolean } of describeTable(metadata, entity).columns) {
    const value = row[name]
    if (value === null) fields[property] = null
    else if (isJson) fields[property] = toJson(value)
    else if (isDate) fields[property] = toDate(value)
    else fields[property] = isBoolean ? Boolean(value) : value
  }
  return instance
}
