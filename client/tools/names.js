/** From the name of an operation to the names of what stands for it. */

export const kebab = (field) => field.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
export const pascal = (field) => `${field.charAt(0).toUpperCase()}${field.slice(1)}`

/** Every operation of a schema: queries first, each in the order of the schema. */
export const operationsOf = (schema) =>
  [
    ['query', schema.getQueryType()],
    ['mutation', schema.getMutationType()],
  ].flatMap(([kind, type]) => Object.values(type?.getFields() ?? {}).map((field) => ({ kind, field })))
