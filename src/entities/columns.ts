/** Column types that entities share. Each is named in its decorator, since no decorator metadata is emitted. */

export const text = { type: 'text' } as const
/** Milliseconds, since windows are promised to the millisecond. */
export const instant = { type: 'datetime', length: 3 } as const
export const json = { type: 'json' } as const
export const integer = { type: 'integer' } as const
export const flag = { type: 'boolean' } as const
