/** Base of the generated query hooks: at once, suspending, and page after page. */
import { useInfiniteQuery, useQuery, useSuspenseQuery } from '@tanstack/react-query'
import type {
  InfiniteData,
  QueryKey,
  UseInfiniteQueryOptions,
  UseInfiniteQueryResult,
  UseQueryOptions,
  UseQueryResult,
  UseSuspenseQueryOptions,
  UseSuspenseQueryResult,
} from '@tanstack/react-query'

import type { CallOptions, Client } from './client.js'
import type { KeyhouseError } from './errors.js'
import { operationKey, useKeyhouse } from './provider.js'

interface HookCall {
  /** Passed to the operation's function. */
  readonly call?: Omit<CallOptions, 'signal' | 'onBehalfOf'>
}

/** TanStack Query options except `queryKey` and `queryFn`; `call` is passed to the operation's function. */
export interface QueryHookOptions<R, T = R> extends Omit<UseQueryOptions<R, KeyhouseError, T>, 'queryKey' | 'queryFn'>, HookCall {}

/** As `QueryHookOptions`, without those that a suspending query cannot have, such as `enabled`. */
export interface SuspenseQueryHookOptions<R, T = R>
  extends Omit<UseSuspenseQueryOptions<R, KeyhouseError, T>, 'queryKey' | 'queryFn'>, HookCall {}

type InfiniteOptions<R, T> = UseInfiniteQueryOptions<R, KeyhouseError, T, QueryKey, string | null>
type PageOptions = 'initialPageParam' | 'getNextPageParam' | 'getPreviousPageParam' | 'maxPages'

/** As `QueryHookOptions`, without those of pages: the cursors are the server's. */
export interface InfiniteQueryHookOptions<R, T = InfiniteData<R>>
  extends Omit<InfiniteOptions<R, T>, 'queryKey' | 'queryFn' | PageOptions>, HookCall {}

type Run<R> = (client: Client, options: CallOptions) => Promise<R>

/** What both hooks of a query share, the cached result included. */
function toQuery<R>(client: Client, name: string, run: Run<R>, variables: object | undefined, call: HookCall['call']) {
  return {
    queryKey: operationKey(client, name, variables ?? {}),
    queryFn: ({ signal }: { readonly signal: AbortSignal }) => run(client, { ...call, signal }),
  }
}

export function useKeyhouseQuery<R, T>(
  name: string,
  run: Run<R>,
  variables: object | undefined,
  { call, ...options }: QueryHookOptions<R, T> = {},
): UseQueryResult<T, KeyhouseError> {
  // The client retries by itself and knows which errors are retryable.
  return useQuery({ retry: false, ...options, ...toQuery(useKeyhouse(), name, run, variables, call) })
}

export function useKeyhouseSuspenseQuery<R, T>(
  name: string,
  run: Run<R>,
  variables: object | undefined,
  { call, ...options }: SuspenseQueryHookOptions<R, T> = {},
): UseSuspenseQueryResult<T, KeyhouseError> {
  return useSuspenseQuery({ retry: false, ...options, ...toQuery(useKeyhouse(), name, run, variables, call) })
}

interface Page {
  readonly pageInfo: { readonly endCursor: string | null; readonly hasNextPage: boolean }
}

export function useKeyhouseInfiniteQuery<R extends Page, T>(
  name: string,
  run: (client: Client, page: { readonly after?: string }, options: CallOptions) => Promise<R>,
  variables: object | undefined,
  { call, ...options }: InfiniteQueryHookOptions<R, T> = {},
): UseInfiniteQueryResult<T, KeyhouseError> {
  const client = useKeyhouse()
  return useInfiniteQuery<R, KeyhouseError, T, QueryKey, string | null>({
    retry: false,
    ...options,
    // Apart from the single page of the same variables, whose data has another shape.
    queryKey: [...operationKey(client, name, variables ?? {}), 'pages'],
    queryFn: ({ signal, pageParam }) => run(client, pageParam === null ? {} : { after: pageParam }, { ...call, signal }),
    initialPageParam: null,
    getNextPageParam: ({ pageInfo }) => (pageInfo.hasNextPage ? pageInfo.endCursor : null),
  })
}
