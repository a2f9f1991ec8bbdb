/** Audit events by the filters in the URL: variables, export, and a single event. */
import type { AuditEventFilter, AuditEventsResult, Client, KeyhouseError } from '@keyhouse/client'
import { auditEvents } from '@keyhouse/client'
import { useNode } from '@keyhouse/client/react'
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

/** The event with this id; null if it does not exist or is not visible. */
export const useAuditEvent = (id: string): UseQueryResult<AuditEvent | null, KeyhouseError> =>
  useNode({ id }, { select: (node) => (node?.__typename === 'AuditEvent' ? node : null), staleTime: Infinity })
