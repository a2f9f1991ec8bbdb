/**
 * Column types that entities share. Each is named in its decorator, since no decorator metadata is emitted.
 * Functions, since MikroORM writes into the options that it is given.
 */

type Nullable = { nullable: true } | undefined

export const text = (options?: Nullable) => ({ type: 'text', ...options })
/**
 * Milliseconds, since windows are promised to the millisecond. By its class name: under that of the column MikroORM compares
 * SQLite's number with a Date, and every row that was only read is written back, times of last use included.
 */
export const timestamp = (options?: Nullable) => ({ type: 'Date', length: 3, ...options })
export const json = (options?: Nullable) => ({ type: 'json', ...options })
export const integer = (options?: Nullable) => ({ type: 'integer', ...options })
export const boolean = (options?: Nullable) => ({ type: 'boolean', ...options })
