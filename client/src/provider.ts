/** React context of the client, and the query keys of its cached data. */
import { createContext, createElement, useContext } from 'react'
import type { ReactElement, ReactNode } from 'react'

import type { Client } from './client.js'

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
