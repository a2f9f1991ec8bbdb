/** A React hook for every operation, on TanStack Query. */
'use client'

export { KeyhouseProvider, operationKey, useKeyhouse } from './hooks.js'
export type { MutationHook, MutationHookOptions, QueryHookOptions } from './hooks.js'
export * from './generated/hooks.js'
