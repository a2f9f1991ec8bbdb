/** Naming of files and types after an operation, and the list of a schema's operations. */

export const kebab = (field) => field.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
export const pascal = (field) => `${field.charAt(0).toUpperCase()}${field.slice(1)}`

/** Every operation of a schema in the schema's order, queries first. */
export const operationsOf = (schema) =>
  [
    ['query', schema.getQueryType()],
    ['mutation', schema.getMutationType()],
  ].flatMap(([kind, type]) => Object.values(type?.getFields() ?? {}).map((field) => ({ kind, field })))
