/** Appending without the unit of work: from a row of an entity to the values of its columns, by MikroORM's own metadata. */
import type { EntityMetadata, MetadataStorage } from '@mikro-orm/core'

interface Column {
  readonly property: string
  readonly name: string
  readonly isJson: boolean
}

export interface Table {
  readonly name: string
  readonly columns: readonly Column[]
}

const tables = new WeakMap<EntityMetadata, Table>()

/** Hooks, defaults and validation are skipped: a row must name every column. */
export function tableOf(metadata: MetadataStorage, entity: new () => object): Table {
  const meta = metadata.get(entity)
  let table = tables.get(meta)
  if (!table) {
    const columns = meta.props
      .filter((property) => property.persist !== false && property.fieldNames?.length === 1)
      .map((property) => ({ property: property.name, name: property.fieldNames[0]!, isJson: property.customType?.constructor.name === 'JsonType' }))
    table = { name: meta.tableName, columns }
    tables.set(meta, table)
  }
  return table
}

export function valueOf(row: object, column: Column): unknown {
  const value: unknown = Reflect.get(row, column.property)
  if (value === undefined) throw new TypeError(`an appended row must name every column; "${column.property}" is missing`)
  return value
}
