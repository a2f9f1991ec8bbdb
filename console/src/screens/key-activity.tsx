/** Activity of one API key: requests per day, its access tokens, and its audit events. */
import type { AccessTokensResult, AuditEventsResult } from '@keyhouse/client'
import { useAccessTokens, useAuditEvents, useUsage } from '@keyhouse/client/react'
import type { ReactElement } from 'react'

import { EventActor } from '../parts/actor.js'
import { Bars } from '../parts/bars.js'
import type { Bar } from '../parts/bars.js'
import { ScreenLink } from '../parts/button.js'
import { Card } from '../parts/page.js'
import { Loaded } from '../parts/problem.js'
import { Table } from '../parts/table.js'
import type { Column } from '../parts/table.js'
import { OutcomeTag, StatusTag } from '../parts/tag.js'
import { Ago, Moment, useNow } from '../parts/time.js'

const dayMs = 86_400_000
const days = 7
const rows = 5

interface ActivityProps {
  readonly apiKeyId: string
}

export function KeyUsage({ apiKeyId }: ActivityProps): ReactElement {
  const today = Math.floor(useNow() / dayMs) * dayMs
  const query = useUsage({
    filter: { apiKeyIds: [apiKeyId] },
    interval: 'DAY',
    from: new Date(today - (days - 1) * dayMs).toISOString(),
    to: new Date(today + dayMs).toISOString(),
  })
  return (
    <Card title="Requests in 7 days">
      <Loaded query={query}>
        {(buckets) => {
          const bars = Array.from({ length: days }, (_, index): Bar => {
            const start = new Date(today - (days - 1 - index) * dayMs).toISOString()
            const bucket = buckets.find((row) => Date.parse(row.start) === Date.parse(start))
            return { label: start.slice(0, 10), requests: bucket?.requests ?? 0, denied: bucket?.denied ?? 0 }
          })
          return (
            <>
              <Bars bars={bars} label="Requests per day. The table below has the same numbers." />
              <Table caption="Requests per day" columns={usageColumns} rows={bars} rowKey={({ label }) => label} empty={null} />
            </>
          )
        }}
      </Loaded>
    </Card>
  )
}

const usageColumns: readonly Column<Bar>[] = [
  { title: 'Day (UTC)', cell: ({ label }) => label },
  { title: 'Requests', numeric: true, cell: ({ requests }) => requests.toLocaleString() },
  { title: 'Refused', numeric: true, cell: ({ denied }) => denied.toLocaleString() },
]

const tokenColumns: readonly Column<AccessTokensResult['nodes'][number]>[] = [
  { title: 'End user', cell: ({ endUser }) => endUser?.externalId ?? <span className="muted">Not visible</span> },
  { title: 'Audience', cell: ({ audience }) => <code>{audience}</code> },
  { title: 'Ends', cell: ({ expiresAt }) => <Moment at={expiresAt} /> },
  { title: 'Status', cell: ({ status }) => <StatusTag status={status} /> },
]

export function KeyTokens({ apiKeyId }: ActivityProps): ReactElement {
  const query = useAccessTokens({ first: rows, filter: { apiKeyId } })
  return (
    <Card title="Access tokens" actions={<ScreenLink to={`/tokens?apiKeyId=${apiKeyId}`}>All</ScreenLink>}>
      <Loaded query={query}>
        {({ nodes }) => (
          <Table
            caption="Latest access tokens"
            columns={tokenColumns}
            rows={nodes}
            rowKey={({ id }) => id}
            empty={<p className="muted">No access token was exchanged from this key.</p>}
          />
        )}
      </Loaded>
    </Card>
  )
}

export const eventColumns: readonly Column<AuditEventsResult['nodes'][number]>[] = [
  { title: 'When', cell: ({ at }) => <Ago at={at} /> },
  { title: 'Action', cell: ({ id, action }) => <ScreenLink to={`/audit?event=${id}`}>{action}</ScreenLink> },
  { title: 'By', cell: ({ actor, actorId }) => <EventActor actor={actor} actorId={actorId} /> },
  { title: 'Outcome', cell: ({ outcome }) => <OutcomeTag outcome={outcome} /> },
]

export function KeyEvents({ apiKeyId }: ActivityProps): ReactElement {
  const query = useAuditEvents({ first: rows, filter: { subjectId: apiKeyId } })
  return (
    <Card title="Audit events" actions={<ScreenLink to={`/audit?subjectId=${apiKeyId}`}>All</ScreenLink>}>
      <Loaded query={query}>
        {({ nodes }) => (
          <Table
            caption="Latest audit events"
            columns={eventColumns}
            rows={nodes}
            rowKey={({ id }) => id}
            empty={<p className="muted">No event yet.</p>}
          />
        )}
      </Loaded>
    </Card>
  )
}
