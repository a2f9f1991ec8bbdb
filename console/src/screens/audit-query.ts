/** Audit events by the filters in the URL: variables, export, and a single event. */
import type { AuditEventFilter, AuditEventsResult, Client, KeyhouseError } from '@keyhouse/client'
import { auditEvents } from '@keyhouse/client'
import { operationKey, useKeyhouse } from '@keyhouse/client/react'
import { useQuery } from '@tanstack/react-query'
import type { UseQueryResult } from '@tanstack/react-query'

import { useFilters, useScopeFilter } from '../filters.js'

export type AuditEvent = AuditEventsResult['nodes'][number]

/** Page size of the export: the server's limit. */
const pageSize = 100
export const exportLimit = 10_000

/** `YYYY-MM-DDTHH:mm` of a field as a time in UTC; undefined if it is not a time. */
function toUtc(text: string): string | undefined {
  const time = Date.parse(`${text}Z`)
  return Number.isNaN(time) ? undefined : new Date(time).toISOString()
}

/** The parameters of the URL as the filter of `auditEvents`. */
export function useAuditFilter(): AuditEventFilter {
  const { get } = useFilters()
  const scope = useScopeFilter()
  const action = get('action')
  const outcome = get('outcome')
  const from = toUtc(get('from'))
  const to = toUtc(get('to'))
  const texts = ['actorId', 'subjectId', 'externalUserId', 'requestId'] as const
  return {
    ...scope,
    ...Object.fromEntries(texts.map((name) => [name, get(name).trim()]).filter(([, value]) => value !== '')),
    ...(action !== '' && { actions: [action] }),
    ...((outcome === 'ALLOWED' || outcome === 'DENIED') && { outcome }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
  }
}

/** The newest events of the filter as JSON lines, and whether older ones were left out. */
export async function exportEvents(
  client: Client,
  filter: AuditEventFilter,
  onProgress: (count: number) => void,
): Promise<{ text: string; isCut: boolean }> {
  const lines: string[] = []
  for (let after: string | undefined; ;) {
    const { nodes, pageInfo } = await auditEvents(client, { filter, first: pageSize, ...(after !== undefined && { after }) })
    for (const event of nodes) lines.push(`${JSON.stringify(event)}\n`)
    onProgress(lines.length)
    const isCut = lines.length >= exportLimit && pageInfo.hasNextPage
    if (isCut || !pageInfo.hasNextPage || pageInfo.endCursor === null) return { text: lines.join(''), isCut }
    after = pageInfo.endCursor
  }
}

/** The fields of `AuditEvents`. The filter of a list has no id. */
const eventOperation = {
  name: 'node',
  kind: 'query',
  text: `query AuditEvent($id:ID!){node(id:$id){...on AuditEvent{id action actor{__typename ...on ApiKey{id label preview}
    ...on EndUser{id externalId}...on User{id email name}}actorId at details endUser{id externalId}endUserId ipAddress outcome requestId subjectId}}}`,
} as const

/** The event with this id; null if it does not exist or is not visible. */
export function useAuditEvent(id: string): UseQueryResult<AuditEvent | null, KeyhouseError> {
  const client = useKeyhouse()
  return useQuery<AuditEvent | null, KeyhouseError>({
    queryKey: operationKey(client, 'node', { id, type: 'AuditEvent' }),
    queryFn: async ({ signal }) => {
      const event = await client.execute<Partial<AuditEvent> | null>(eventOperation, { id }, { signal })
      return event?.id === undefined ? null : (event as AuditEvent)
    },
    staleTime: Infinity,
  })
}
