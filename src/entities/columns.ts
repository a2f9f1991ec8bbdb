/**
 * Column types of entities. Decorators name them explicitly, since no decorator metadata is emitted.
 * They are functions because MikroORM mutates the options that it is given.
 */

type Nullable = { nullable: true } | undefined

export const text = (options?: Nullable) => ({ type: 'text', ...options })

/**
 * Date with milliseconds, named by its class. Under the name of the column type MikroORM compares SQLite's number with a Date.
 * It would then write back every row that was only read, including times of last use.
 */
export const timestamp = (options?: Nullable) => ({ type: 'Date', length: 3, ...options })
export const json = (options?: Nullable) => ({ type: 'json', ...options })
export const integer = (options?: Nullable) => ({ type: 'integer', ...options })
export const boolean = (options?: Nullable) => ({ type: 'boolean', ...options })
