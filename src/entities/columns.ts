/**
 * Column types that entities share. Each is named in its decorator, since no decorator metadata is emitted.
 * Functions, since MikroORM writes into the options that it is given.
 */

type Nullable = { nullable: true } | undefined

export const text = (options?: Nullable) => ({ type: 'text', ...options })
/** Milliseconds, since windows are promised to the millisecond. */
export const instant = (options?: Nullable) => ({ type: 'datetime', length: 3, ...options })
export const json = (options?: Nullable) => ({ type: 'json', ...options })
export const integer = (options?: Nullable) => ({ type: 'integer', ...options })
export const flag = (options?: Nullable) => ({ type: 'boolean', ...options })
