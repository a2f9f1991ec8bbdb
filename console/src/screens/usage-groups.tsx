/** Usage of the whole time by API key, end user or operation. */
import type { UsageDimension, UsageQueryVariables, UsageResult } from '@keyhouse/client'
import { useUsage } from '@keyhouse/client/react'
import { keepPreviousData } from '@tanstack/react-query'
import type { ReactElement } from 'react'

import { toCsv } from '../csv.js'
import { download } from '../download.js'
import { useFilters } from '../filters.js'
import { Button, ScreenLink } from '../parts/button.js'
import { Choices } from '../parts/form.js'
import { SafeText } from '../parts/json.js'
import { Card } from '../parts/page.js'
import { Loaded } from '../parts/problem.js'
import { Table } from '../parts/table.js'
import type { Column } from '../parts/table.js'

type Row = UsageResult[number]
type Grouping = readonly [UsageDimension, string]

/** Rows of the table. The CSV has all. */
const shownRows = 50

interface GroupsProps {
  readonly groupings: readonly Grouping[]
  readonly grouping: Grouping
  readonly variables: Omit<UsageQueryVariables, 'interval' | 'groupBy'>
}

export function UsageGroups({ groupings, grouping: [dimension, title], variables }: GroupsProps): ReactElement {
  const { set } = useFilters()
  const query = useUsage({ ...variables, interval: 'TOTAL', groupBy: [dimension] }, { placeholderData: keepPreviousData })
  const rows = query.data?.toSorted((a, b) => b.requests - a.requests) ?? []
  const columns: readonly Column<Row>[] = [
    { title, cell: (row) => <GroupName dimension={dimension} row={row} /> },
    { title: 'Requests', numeric: true, cell: ({ requests }) => requests.toLocaleString() },
    { title: 'Refused', numeric: true, cell: ({ denied }) => denied.toLocaleString() },
  ]
  const save = (): void =>
    download(
      'keyhouse-usage-groups.csv',
      'text/csv',
      toCsv([
        [title, 'Requests', 'Refused'],
        ...rows.map((row): [string, number, number] => [groupId(dimension, row) ?? '', row.requests, row.denied]),
      ]),
    )
  return (
    <Card title={`By ${title.replace(/^(End|Operation)/, (word) => word.toLowerCase())}`} actions={<Button onClick={save}>CSV</Button>}>
      <Choices label="By" options={groupings} value={dimension} onChange={(by) => set({ by })} />
      <Loaded query={query}>
        {() => (
          <Table
            caption={`Requests by ${title}`}
            columns={columns}
            rows={rows.slice(0, shownRows)}
            rowKey={(row) => groupId(dimension, row) ?? ''}
            empty={<p className="muted">Nothing in this time.</p>}
          />
        )}
      </Loaded>
      {rows.length > shownRows && <p className="note">{`The first ${shownRows} of ${rows.length.toLocaleString()}. The CSV has all.`}</p>}
    </Card>
  )
}

function groupId(dimension: UsageDimension, { apiKey, endUser, endUserId, operation }: Row): string | null {
  if (dimension === 'API_KEY') return apiKey?.id ?? null
  return dimension === 'END_USER' ? (endUser?.externalId ?? endUserId) : operation
}

const missingNames: Readonly<Record<UsageDimension, string>> = {
  API_KEY: 'People, or not visible',
  END_USER: 'The backend itself',
  OPERATION: 'Refused before execution',
}

function GroupName({ dimension, row }: { readonly dimension: UsageDimension; readonly row: Row }): ReactElement {
  const { apiKey } = row
  if (dimension === 'API_KEY' && apiKey) {
    return (
      <>
        <ScreenLink to={`/keys/${apiKey.id}`}>{apiKey.label ?? 'No label'}</ScreenLink> <code className="muted">{apiKey.preview}</code>
      </>
    )
  }
  const id = groupId(dimension, row)
  return id === null ? <span className="muted">{missingNames[dimension]}</span> : <SafeText text={id} />
}
