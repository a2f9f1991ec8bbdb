/** Usage: requests and refusals per interval as bars and as a table, and the same total by key, end user or operation. */
import type { UsageDimension, UsageFilter, UsageInterval } from '@keyhouse/client'
import { useUsage } from '@keyhouse/client/react'
import { keepPreviousData } from '@tanstack/react-query'
import type { ReactElement } from 'react'

import { toCsv } from '../csv.js'
import { download } from '../download.js'
import { useFilters, useScopeFilter } from '../filters.js'
import { Bars } from '../parts/bars.js'
import type { Bar } from '../parts/bars.js'
import { Button } from '../parts/button.js'
import { Empty } from '../parts/empty.js'
import { ChoiceFilter, FilterBar, SearchFilter } from '../parts/filter-bar.js'
import { Card, Page } from '../parts/page.js'
import { Loaded } from '../parts/problem.js'
import { Table } from '../parts/table.js'
import type { Column } from '../parts/table.js'
import { useNow } from '../parts/time.js'
import { UsageGroups } from './usage-groups.js'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** Time ranges of at most 60 bars: the interval, its length, and the number of bars. */
const ranges = {
  '24h': { text: '24 hours', interval: 'HOUR', ms: hourMs, count: 24 },
  '48h': { text: '48 hours', interval: 'HOUR', ms: hourMs, count: 48 },
  '7d': { text: '7 days', interval: 'DAY', ms: dayMs, count: 7 },
  '30d': { text: '30 days', interval: 'DAY', ms: dayMs, count: 30 },
  '60d': { text: '60 days', interval: 'DAY', ms: dayMs, count: 60 },
} as const satisfies Record<string, { text: string; interval: UsageInterval; ms: number; count: number }>

type Range = keyof typeof ranges
const defaultRange: Range = '7d'
const isRange = (name: string): name is Range => Object.hasOwn(ranges, name)

const groupings: readonly (readonly [UsageDimension, string])[] = [
  ['API_KEY', 'API key'],
  ['END_USER', 'End user'],
  ['OPERATION', 'Operation'],
]

export function Usage(): ReactElement {
  const { get, clear, isFiltered } = useFilters()
  const name = get('range')
  const range = isRange(name) ? name : defaultRange
  const { interval, ms, count } = ranges[range]
  const end = Math.floor(useNow() / ms) * ms + ms
  const times = { from: new Date(end - count * ms).toISOString(), to: new Date(end).toISOString() }
  const filter = useUsageFilter()
  const query = useUsage({ ...times, interval, filter }, { placeholderData: keepPreviousData })
  const grouping = groupings.find(([dimension]) => dimension === get('by')) ?? groupings[0]!
  return (
    <Page title="Usage">
      <FilterBar>
        <ChoiceFilter
          name="range"
          label="Time"
          all={ranges[defaultRange].text}
          options={Object.entries(ranges).flatMap(([value, { text }]) => (value === defaultRange ? [] : [[value, text] as const]))}
        />
        {/* The console itself polls with a personal token, so people are left out unless they are chosen. */}
        <ChoiceFilter
          name="callers"
          label="Callers"
          all="Keys and access tokens"
          options={[
            ['people', 'People'],
            ['all', 'All'],
          ]}
        />
        <SearchFilter name="apiKeyId" label="API key id" />
        <SearchFilter name="externalUserId" label="End user" />
        <SearchFilter name="operation" label="Operation" />
      </FilterBar>
      <Loaded query={query}>
        {(buckets) => {
          const byStart = new Map(buckets.map((bucket) => [Date.parse(bucket.start), bucket]))
          const bars = Array.from({ length: count }, (_, index): Bar => {
            const start = end - (count - index) * ms
            const label = new Date(start).toISOString()
            const bucket = byStart.get(start)
            return {
              label: interval === 'DAY' ? label.slice(0, 10) : `${label.slice(0, 10)} ${label.slice(11, 16)}`,
              requests: bucket?.requests ?? 0,
              denied: bucket?.denied ?? 0,
            }
          })
          const isEmpty = bars.every(({ requests }) => requests === 0)
          if (isEmpty) return <Empty title="Nothing in this time.">{isFiltered && <Button onClick={clear}>Clear filters</Button>}</Empty>
          return <Intervals bars={bars} unit={interval === 'DAY' ? 'Day (UTC)' : 'Hour (UTC)'} />
        }}
      </Loaded>
      <UsageGroups groupings={groupings} grouping={grouping} variables={{ ...times, filter }} />
    </Page>
  )
}

function useUsageFilter(): UsageFilter {
  const { get } = useFilters()
  const scope = useScopeFilter()
  const callers = get('callers')
  const [apiKeyId, externalUserId, operation] = ['apiKeyId', 'externalUserId', 'operation'].map((name) => get(name).trim())
  return {
    ...scope,
    ...(callers !== 'all' && { byPeople: callers === 'people' }),
    ...(apiKeyId && { apiKeyIds: [apiKeyId] }),
    ...(externalUserId && { externalUserIds: [externalUserId] }),
    ...(operation && { operations: [operation] }),
  }
}

/** The bars, and the same numbers as a table, newest first. */
function Intervals({ bars, unit }: { readonly bars: readonly Bar[]; readonly unit: string }): ReactElement {
  const columns: readonly Column<Bar>[] = [
    { title: unit, cell: ({ label }) => label },
    { title: 'Requests', numeric: true, cell: ({ requests }) => requests.toLocaleString() },
    { title: 'Refused', numeric: true, cell: ({ denied }) => denied.toLocaleString() },
  ]
  const requests = bars.reduce((sum, bar) => sum + bar.requests, 0)
  const denied = bars.reduce((sum, bar) => sum + bar.denied, 0)
  const save = (): void =>
    download(
      'keyhouse-usage.csv',
      'text/csv',
      toCsv([[unit, 'Requests', 'Refused'], ...bars.map((bar) => [bar.label, bar.requests, bar.denied])]),
    )
  return (
    <Card title={`${requests.toLocaleString()} requests, ${denied.toLocaleString()} refused`} actions={<Button onClick={save}>CSV</Button>}>
      <Bars bars={bars} label={`Requests and refusals from ${bars[0]?.label} on. The table below has the same numbers.`} />
      <details>
        <summary>Table</summary>
        <Table caption="Requests per interval" columns={columns} rows={bars.toReversed()} rowKey={({ label }) => label} empty={null} />
      </details>
    </Card>
  )
}
