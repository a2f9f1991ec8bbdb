/** React hooks for every operation, on TanStack Query. */
'use client'

export type { MutationHook, MutationHookOptions } from './mutation-hooks.js'
export { KeyhouseProvider, operationKey, useKeyhouse } from './provider.js'
export type { InfiniteQueryHookOptions, QueryHookOptions, SuspenseQueryHookOptions } from './query-hooks.js'
export * from './generated/hooks.js'
