/** Base of the generated mutation hooks, which keep no secrets in the cache. */
import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { UseMutationResult } from '@tanstack/react-query'

import type { CallOptions, Client } from './client.js'
import type { KeyhouseError } from './errors.js'
import { operationKey, useKeyhouse } from './provider.js'

export interface MutationHookOptions<R> {
  readonly onSuccess?: (result: R) => unknown
  readonly onError?: (error: KeyhouseError) => unknown
  readonly call?: Omit<CallOptions, 'signal' | 'onBehalfOf'>
}

type MutationState = 'status' | 'isIdle' | 'isPending' | 'isSuccess' | 'isError' | 'error' | 'submittedAt' | 'reset'

/** Result of a mutation hook. */
export interface MutationHook<I, R> extends Pick<UseMutationResult<R, KeyhouseError, I>, MutationState> {
  /** Result of the last call, until `reset`, the next call, or unmount. */
  readonly data: R | undefined
  /** Starts the mutation; errors are in `error`. */
  readonly mutate: (...input: I extends undefined ? [input?: I] : [input: I]) => void
  /** Runs the mutation and resolves to its result. @throws the errors of the operation's function. */
  readonly mutateAsync: (...input: I extends undefined ? [input?: I] : [input: I]) => Promise<R>
}

/**
 * Hides a value from devtools and persisters, which read TanStack's MutationCache. Inputs and results of mutations may
 * hold secrets, and the cache keeps both. `gcTime: 0` removes them on unmount.
 */
class Sealed<T> {
  readonly #value: T

  constructor(value: T) {
    this.#value = value
  }

  open(): T {
    return this.#value
  }
}

export function useKeyhouseMutation<I, R>(
  run: (client: Client, input: I, options: CallOptions) => Promise<R>,
  { onSuccess, onError, call = {} }: MutationHookOptions<R> = {},
): MutationHook<I, R> {
  const client = useKeyhouse()
  const queryClient = useQueryClient()
  const { data, mutate, mutateAsync, status, isIdle, isPending, isSuccess, isError, error, submittedAt, reset } = useMutation<
    Sealed<R>,
    KeyhouseError,
    Sealed<I>
  >({
    gcTime: 0,
    retry: false,
    // A persister would store a paused mutation.
    networkMode: 'always',
    mutationFn: async (input) => new Sealed(await run(client, input.open(), call)),
    onSuccess: async (result) => {
      // The mutation may have changed any data that this client has read.
      const filters = { queryKey: operationKey(client) }
      // Invalidation alone keeps the result of a first fetch in flight, which may have read before the mutation.
      await queryClient.cancelQueries(filters)
      await queryClient.invalidateQueries(filters)
      await onSuccess?.(result.open())
    },
    onError: (cause) => onError?.(cause),
  })
  return {
    data: data?.open(),
    mutate: (...[input]) => mutate(new Sealed(input as I)),
    mutateAsync: async (...[input]) => (await mutateAsync(new Sealed(input as I))).open(),
    status,
    isIdle,
    isPending,
    isSuccess,
    isError,
    error,
    submittedAt,
    reset,
  }
}
