/** Base of the generated hooks: the client context, query keys, and mutations that keep no secrets in the cache. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { UseMutationResult, UseQueryOptions, UseQueryResult } from '@tanstack/react-query'
import { createContext, createElement, useContext } from 'react'
import type { ReactElement, ReactNode } from 'react'

import type { CallOptions, Client } from './client.js'
import type { KeyhouseError } from './errors.js'

const ClientContext = /* @__PURE__ */ createContext<Client | null>(null)

/** Provides the client to the hooks below it. Place it inside TanStack's `QueryClientProvider`. */
export function KeyhouseProvider({ client, children }: { readonly client: Client; readonly children?: ReactNode }): ReactElement {
  return createElement(ClientContext.Provider, { value: client }, children)
}

/** The client of the nearest `KeyhouseProvider`. @throws Error if there is none */
export function useKeyhouse(): Client {
  const client = useContext(ClientContext)
  if (!client) throw new Error('This component has no Keyhouse client. Wrap it in <KeyhouseProvider client={createClient(…)}>.')
  return client
}

const ids = /* @__PURE__ */ new WeakMap<Client, string>()

/** A random id per client. With a counter, a persisted cache could serve one user's data to another user's client. */
function getClientId(client: Client): string {
  const known = ids.get(client)
  if (known !== undefined) return known
  const id = crypto.getRandomValues(new Uint32Array(2)).join('')
  ids.set(client, id)
  return id
}

/** Query key of a client's cached data: all of it, one operation, or one result. Pass it to `invalidateQueries` and similar. */
export function operationKey(client: Client, operation?: string, variables?: object): readonly unknown[] {
  return ['keyhouse', getClientId(client), ...(operation === undefined ? [] : [operation]), ...(variables === undefined ? [] : [variables])]
}

/** TanStack Query options except `queryKey` and `queryFn`; `call` is passed to the operation's function. */
export interface QueryHookOptions<R, T = R> extends Omit<UseQueryOptions<R, KeyhouseError, T>, 'queryKey' | 'queryFn'> {
  readonly call?: Omit<CallOptions, 'signal' | 'onBehalfOf'>
}

export function useKeyhouseQuery<R, T>(
  name: string,
  run: (client: Client, options: CallOptions) => Promise<R>,
  variables: object | undefined,
  { call, ...options }: QueryHookOptions<R, T> = {},
): UseQueryResult<T, KeyhouseError> {
  const client = useKeyhouse()
  return useQuery({
    // The client retries by itself and knows which errors are retryable.
    retry: false,
    ...options,
    queryKey: operationKey(client, name, variables ?? {}),
    queryFn: ({ signal }) => run(client, { ...call, signal }),
  })
}

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
      await queryClient.invalidateQueries({ queryKey: operationKey(client) })
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
