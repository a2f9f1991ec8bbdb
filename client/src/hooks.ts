/** What the generated hooks share: the client from the tree, keys of the query cache, and mutations that leave nothing in it. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { UseMutationResult, UseQueryOptions, UseQueryResult } from '@tanstack/react-query'
import { createContext, createElement, useContext } from 'react'
import type { ReactElement, ReactNode } from 'react'

import type { CallOptions, Client } from './client.js'
import type { KeyhouseError } from './errors.js'

const ClientContext = /* @__PURE__ */ createContext<Client | null>(null)

/** Gives the hooks below it their client. Stands below TanStack's `QueryClientProvider`. */
export function KeyhouseProvider({ client, children }: { readonly client: Client; readonly children?: ReactNode }): ReactElement {
  return createElement(ClientContext.Provider, { value: client }, children)
}

/** The client of the nearest `KeyhouseProvider`. */
export function useKeyhouse(): Client {
  const client = useContext(ClientContext)
  if (!client) throw new Error('There is no Keyhouse client here: put <KeyhouseProvider client={createClient(…)}> above this component.')
  return client
}

const ids = /* @__PURE__ */ new WeakMap<Client, string>()

/** Random, not counted: a cache that outlives the page must never answer one person's client with another's rows. */
function idOf(client: Client): string {
  const known = ids.get(client)
  if (known !== undefined) return known
  const id = crypto.getRandomValues(new Uint32Array(2)).join('')
  ids.set(client, id)
  return id
}

/** The key of what a client has read: all of it, of one operation, or one answer. For `invalidateQueries` and the like. */
export function operationKey(client: Client, operation?: string, variables?: object): readonly unknown[] {
  return ['keyhouse', idOf(client), ...(operation === undefined ? [] : [operation]), ...(variables === undefined ? [] : [variables])]
}

/** TanStack's options, but those that the operation decides; `call` is handed to the function. */
export interface QueryHookOptions<R, T = R> extends Omit<UseQueryOptions<R, KeyhouseError, T>, 'queryKey' | 'queryFn'> {
  readonly call?: Omit<CallOptions, 'signal' | 'onBehalfOf'>
}

export function useOperation<R, T>(
  name: string,
  run: (client: Client, options: CallOptions) => Promise<R>,
  variables: object | undefined,
  { call, ...options }: QueryHookOptions<R, T> = {},
): UseQueryResult<T, KeyhouseError> {
  const client = useKeyhouse()
  return useQuery({
    // The client tries again by itself, and knows what is worth it.
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

type Shown = 'status' | 'isIdle' | 'isPending' | 'isSuccess' | 'isError' | 'error' | 'submittedAt' | 'reset'

/** A mutation as a component sees it. */
export interface MutationHook<I, R> extends Pick<UseMutationResult<R, KeyhouseError, I>, Shown> {
  /** What was answered, until `reset`, the next call, or the component is gone. */
  readonly data: R | undefined
  /** Errors are in `error`. */
  readonly mutate: (...input: I extends undefined ? [input?: I] : [input: I]) => void
  /** @throws what the function throws. */
  readonly mutateAsync: (...input: I extends undefined ? [input?: I] : [input: I]) => Promise<R>
}

/**
 * Inputs and answers of mutations may hold secrets, and TanStack keeps both in its MutationCache, which tools show and
 * persisters write down. Wrapped like this neither can be read there; `gcTime: 0` drops it with its component.
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

export function useOrder<I, R>(
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
    // A paused mutation would be written down by a persister.
    networkMode: 'always',
    mutationFn: async (input) => new Sealed(await run(client, input.open(), call)),
    onSuccess: async (result) => {
      // What this client has read may have changed.
      await queryClient.invalidateQueries({ queryKey: operationKey(client) })
      await onSuccess?.(result.open())
    },
    onError: (refusal) => onError?.(refusal),
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
