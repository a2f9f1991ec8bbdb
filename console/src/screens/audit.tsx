/** Audit trail: filters, the events, one event in a dialog, and the export of the filter. */
import { useAuditActions, useAuditEvents, useKeyhouse } from '@keyhouse/client/react'
import { keepPreviousData } from '@tanstack/react-query'
import { useState } from 'react'
import type { ReactElement } from 'react'
import { Link, useSearchParams } from 'wouter'

import { useAccess } from '../access.js'
import { download } from '../download.js'
import { useFilters, usePage } from '../filters.js'
import { EventActor } from '../parts/actor.js'
import { Button } from '../parts/button.js'
import { Empty } from '../parts/empty.js'
import { ChoiceFilter, FilterBar, SearchFilter } from '../parts/filter-bar.js'
import { Page } from '../parts/page.js'
import { Problem } from '../parts/problem.js'
import { Table } from '../parts/table.js'
import type { Column } from '../parts/table.js'
import { OutcomeTag } from '../parts/tag.js'
import { Moment } from '../parts/time.js'
import { useToast } from '../parts/toast.js'
import { EventDialog, SubjectLink } from './audit-event.js'
import { exportEvents, exportLimit, useAuditFilter } from './audit-query.js'
import type { AuditEvent } from './audit-query.js'

export function Audit(): ReactElement {
  const filters = useFilters()
  const [params, setParams] = useSearchParams()
  const filter = useAuditFilter()
  const { data: actions = [] } = useAuditActions({ staleTime: Infinity })
  const { data, error, refetch } = useAuditEvents({ ...usePage(), filter }, { placeholderData: keepPreviousData })
  const titles = new Map(actions.map(({ action, title }) => [action, title]))
  const actionTitle = (action: string): string => titles.get(action) ?? action
  const eventId = params.get('event')

  const columns: readonly Column<AuditEvent>[] = [
    { title: 'When', cell: ({ at }) => <Moment at={at} /> },
    {
      title: 'By',
      cell: ({ actor, actorId }) => <EventActor actor={actor} actorId={actorId} />,
    },
    {
      title: 'Action',
      cell: ({ id, action }) => <Link href={`/audit?${withEvent(params, id)}`}>{actionTitle(action)}</Link>,
    },
    { title: 'Subject', cell: ({ subjectId }) => <SubjectLink id={subjectId} isShort /> },
    { title: 'Outcome', cell: ({ outcome }) => <OutcomeTag outcome={outcome} /> },
    { title: 'Address', cell: ({ ipAddress }) => (ipAddress === null ? <span className="muted">None</span> : <code>{ipAddress}</code>) },
  ]
  return (
    <Page title="Audit trail" actions={<ExportButton />}>
      <FilterBar>
        <ChoiceFilter name="action" label="Action" options={actions.map(({ action, title }) => [action, title])} />
        <ChoiceFilter
          name="outcome"
          label="Outcome"
          options={[
            ['ALLOWED', 'Allowed'],
            ['DENIED', 'Denied'],
          ]}
        />
        <SearchFilter name="actorId" label="Actor id" />
        <SearchFilter name="subjectId" label="Subject id" />
        <SearchFilter name="externalUserId" label="End user" />
        <SearchFilter name="requestId" label="Request id" />
        <SearchFilter name="from" label="From (UTC)" type="datetime-local" />
        <SearchFilter name="to" label="Before (UTC)" type="datetime-local" />
      </FilterBar>
      {error && <Problem error={error} onRetry={() => void refetch()} />}
      {(data || !error) && (
        <Table
          caption="Audit events"
          columns={columns}
          rows={data?.nodes}
          rowKey={({ id }) => id}
          pageInfo={data?.pageInfo}
          empty={
            <Empty title={filters.isFiltered ? 'No event matches.' : 'No events yet.'}>
              {filters.isFiltered && <Button onClick={filters.clear}>Clear filters</Button>}
            </Empty>
          }
        />
      )}
      {eventId !== null && (
        <EventDialog
          key={eventId}
          id={eventId}
          actionTitle={actionTitle}
          onClose={() => setParams((previous) => withEvent(previous, null))}
        />
      )}
    </Page>
  )
}

/** The parameters with another event, on the same page of the list. */
function withEvent(params: URLSearchParams, id: string | null): URLSearchParams {
  const next = new URLSearchParams(params)
  if (id === null) next.delete('event')
  else next.set('event', id)
  return next
}

function ExportButton(): ReactElement {
  const client = useKeyhouse()
  const filter = useAuditFilter()
  const toast = useToast()
  const { needs } = useAccess()
  const [count, setCount] = useState<number | null>(null)
  const [error, setError] = useState<Error | null>(null)
  async function run(): Promise<void> {
    setError(null)
    setCount(0)
    try {
      const { text, isCut } = await exportEvents(client, filter, setCount)
      download('keyhouse-audit-events.jsonl', 'application/x-ndjson', text)
      if (isCut) toast(`The file has the newest ${exportLimit.toLocaleString()} events. Narrow the time for the others.`)
    } catch (cause) {
      setError(cause as Error)
    } finally {
      setCount(null)
    }
  }
  return (
    <>
      {error && <Problem error={error} />}
      <Button busy={count !== null} disabledReason={needs('audit_event:read')} onClick={() => void run()}>
        {count === null ? 'Export JSONL' : `${count.toLocaleString()} events …`}
      </Button>
    </>
  )
}
