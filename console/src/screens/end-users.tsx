/** List of end users. */
import type { EndUsersResult } from '@keyhouse/client'
import { useEndUsers } from '@keyhouse/client/react'
import { keepPreviousData } from '@tanstack/react-query'
import type { ReactElement } from 'react'

import { onBehalfOfCommand } from '../commands.js'
import { useFilters, usePage, useScopeFilter } from '../filters.js'
import { Button, ScreenLink } from '../parts/button.js'
import { CopyText } from '../parts/copy.js'
import { Empty } from '../parts/empty.js'
import { FilterBar, SearchFilter } from '../parts/filter-bar.js'
import { Page } from '../parts/page.js'
import { Problem } from '../parts/problem.js'
import { Table } from '../parts/table.js'
import type { Column } from '../parts/table.js'
import { EnvironmentTag } from '../parts/tag.js'
import { Ago } from '../parts/time.js'
import { useSession } from '../session-context.js'

const columns: readonly Column<EndUsersResult['nodes'][number]>[] = [
  { title: 'External id', cell: ({ id, externalId }) => <ScreenLink to={`/end-users/${id}`}>{externalId}</ScreenLink> },
  { title: 'Environment', cell: ({ environment }) => <EnvironmentTag environment={environment} /> },
  { title: 'Project', cell: ({ project }) => project.name },
  { title: 'First seen', cell: ({ firstSeenAt }) => <Ago at={firstSeenAt} /> },
  { title: 'Last seen', cell: ({ lastSeenAt }) => <Ago at={lastSeenAt} /> },
]

export function EndUsers(): ReactElement {
  const filters = useFilters()
  const scope = useScopeFilter()
  const page = usePage()
  const search = filters.get('search')
  const { data, error, refetch } = useEndUsers(
    { ...page, filter: { ...scope, ...(search !== '' && { search }) } },
    { placeholderData: keepPreviousData },
  )
  return (
    <Page title="End users">
      <FilterBar>
        <SearchFilter label="Search external ids" />
      </FilterBar>
      {error && <Problem error={error} onRetry={() => void refetch()} />}
      {(data || !error) && (
        <Table
          caption="End users"
          columns={columns}
          rows={data?.nodes}
          rowKey={({ id }) => id}
          pageInfo={data?.pageInfo}
          empty={filters.isFiltered ? <NoMatch onClear={filters.clear} /> : <NoEndUsers />}
        />
      )}
    </Page>
  )
}

function NoMatch({ onClear }: { readonly onClear: () => void }): ReactElement {
  return (
    <Empty title="No end user matches.">
      <Button onClick={onClear}>Clear filters</Button>
    </Empty>
  )
}

function NoEndUsers(): ReactElement {
  const { url } = useSession()
  return (
    <Empty title="No end users yet.">
      <p>An end user is a user of your product. Keyhouse records it at the first request or exchange that names it:</p>
      <CopyText text={onBehalfOfCommand(url)} label="First request for an end user" />
    </Empty>
  )
}
