/** Filters, order and cursors in the query string, so that every view can be linked and reloaded. */
import type { Environment } from '@keyhouse/client'
import { useSearch, useSearchParams } from 'wouter'

/** Parameters that every screen shares and every link keeps. */
const scopeNames = ['environment', 'project'] as const

/** Page size of the lists. */
export const pageSize = 25

export interface Scope {
  /** Null: both environments. */
  readonly environment: Environment | null
  /** Null: every project. */
  readonly projectId: string | null
}

export function useScope(): Scope {
  const params = new URLSearchParams(useSearch())
  const environment = params.get('environment')
  return {
    environment: environment === 'SANDBOX' || environment === 'PRODUCTION' ? environment : null,
    projectId: params.get('project'),
  }
}

/** The scope as the fields of a GraphQL filter. */
export function useScopeFilter(): { environment?: Environment; projectId?: string } {
  const { environment, projectId } = useScope()
  return { ...(environment && { environment }), ...(projectId !== null && { projectId }) }
}

/** Adds the current scope to a path, which may have a query string of its own. */
export function useScopedPath(): (path: string) => string {
  const current = new URLSearchParams(useSearch())
  return (path) => {
    const [pathname = '', query = ''] = path.split('?')
    const params = new URLSearchParams(query)
    for (const name of scopeNames) {
      const value = current.get(name)
      if (value !== null && !params.has(name)) params.set(name, value)
    }
    return params.size === 0 ? pathname : `${pathname}?${params}`
  }
}

export interface Filters {
  /** Value of a parameter; an empty string if it is missing. */
  readonly get: (name: string) => string
  /** Sets parameters, removes those with an empty value, and returns to the first page. */
  readonly set: (values: Readonly<Record<string, string>>) => void
  /** Removes every parameter except the scope. */
  readonly clear: () => void
  /** True if a parameter other than the scope, the page and the opened row is set. */
  readonly isFiltered: boolean
}

const pageNames = ['after', 'before']
/** Parameters that open a row, and leave out none. */
const detailNames = ['event']

export function useFilters(): Filters {
  const [params, setParams] = useSearchParams()
  const isShared = (name: string): boolean => (scopeNames as readonly string[]).includes(name)
  return {
    get: (name) => params.get(name) ?? '',
    set: (values) =>
      setParams(
        (previous) => {
          const next = new URLSearchParams(previous)
          for (const name of pageNames) next.delete(name)
          for (const [name, value] of Object.entries(values)) {
            if (value === '') next.delete(name)
            else next.set(name, value)
          }
          return next
        },
        { replace: !pageNames.some((name) => name in values) },
      ),
    clear: () => setParams((previous) => new URLSearchParams([...previous].filter(([name]) => isShared(name)))),
    isFiltered: [...params.keys()].some((name) => !isShared(name) && !pageNames.includes(name) && !detailNames.includes(name)),
  }
}

/** Variables of a Relay list for the cursor in the URL. */
export function usePage(size = pageSize): { first: number; after?: string } | { last: number; before: string } {
  const params = new URLSearchParams(useSearch())
  const before = params.get('before')
  const after = params.get('after')
  if (before !== null) return { last: size, before }
  return { first: size, ...(after !== null && { after }) }
}
