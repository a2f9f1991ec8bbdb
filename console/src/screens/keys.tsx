/** List of API keys. */
import type { CredentialStatus } from '@keyhouse/client'
import type { ApiKeysResult } from '@keyhouse/client'
import { useApiKeys } from '@keyhouse/client/react'
import { keepPreviousData } from '@tanstack/react-query'
import type { ReactElement } from 'react'

import { useNeedsInProject } from '../access.js'
import { curlCommand, viewerQuery } from '../commands.js'
import { useFilters, usePage, useScopeFilter } from '../filters.js'
import { Button, LinkButton, ScreenLink } from '../parts/button.js'
import { CopyText } from '../parts/copy.js'
import { Empty } from '../parts/empty.js'
import { ChoiceFilter, FilterBar, SearchFilter } from '../parts/filter-bar.js'
import { Page } from '../parts/page.js'
import { PermissionList } from '../parts/permission-list.js'
import { Problem } from '../parts/problem.js'
import { Table, useOrder } from '../parts/table.js'
import type { Column } from '../parts/table.js'
import { EnvironmentTag, StatusTag } from '../parts/tag.js'
import { Ago, Moment } from '../parts/time.js'
import { useSession } from '../session-context.js'

type Row = ApiKeysResult['nodes'][number]

const columns: readonly Column<Row>[] = [
  {
    title: 'Label',
    order: 'LABEL',
    cell: ({ id, label, preview }) => (
      <div>
        <ScreenLink to={`/keys/${id}`}>{label ?? 'No label'}</ScreenLink>
        <br />
        <code className="muted">{preview}</code>
      </div>
    ),
  },
  { title: 'Environment', cell: ({ environment }) => <EnvironmentTag environment={environment} /> },
  { title: 'Permissions', cell: ({ permissions }) => <PermissionList permissions={permissions} /> },
  { title: 'Last used', order: 'LAST_USED_AT', cell: ({ lastUsedAt }) => <Ago at={lastUsedAt} /> },
  { title: 'Ends', cell: ({ expiresAt }) => <Moment at={expiresAt} /> },
  { title: 'Created', order: 'CREATED_AT', cell: ({ createdAt }) => <Ago at={createdAt} /> },
  { title: 'Status', cell: ({ status }) => <StatusTag status={status} /> },
]

const statuses: readonly CredentialStatus[] = ['ACTIVE', 'SUSPENDED', 'EXPIRED', 'REVOKED']

export function Keys(): ReactElement {
  const filters = useFilters()
  const needs = useNeedsInProject()
  const scope = useScopeFilter()
  const page = usePage()
  const orderBy = useOrder(['LABEL', 'LAST_USED_AT', 'CREATED_AT'])
  const search = filters.get('search')
  const status = statuses.find((name) => name === filters.get('status'))
  const unusedSince = filters.get('unusedSince')
  const expiresBefore = filters.get('expiresBefore')
  const { data, error, refetch } = useApiKeys(
    {
      ...page,
      ...(orderBy && { orderBy }),
      filter: {
        ...scope,
        ...(search !== '' && { search }),
        ...(status && { statuses: [status] }),
        ...(unusedSince !== '' && { unusedSince }),
        ...(expiresBefore !== '' && { expiresBefore }),
      },
    },
    { placeholderData: keepPreviousData },
  )
  const newKey = (
    <LinkButton to="/keys/new" variant="primary" icon="plus" disabledReason={needs('api_key:create')} isNew>
      New key
    </LinkButton>
  )
  return (
    <Page title="API keys" actions={newKey}>
      <FilterBar>
        <SearchFilter label="Search labels" />
        <ChoiceFilter
          name="status"
          label="Status"
          options={[
            ['ACTIVE', 'Active'],
            ['SUSPENDED', 'Suspended'],
            ['EXPIRED', 'Expired'],
            ['REVOKED', 'Revoked'],
          ]}
        />
      </FilterBar>
      {error && <Problem error={error} onRetry={() => void refetch()} />}
      {(data || !error) && (
        <Table
          caption="API keys"
          columns={columns}
          rows={data?.nodes}
          rowKey={({ id }) => id}
          pageInfo={data?.pageInfo}
          empty={filters.isFiltered ? <NoMatch onClear={filters.clear} /> : <NoKeys />}
        />
      )}
    </Page>
  )
}

function NoMatch({ onClear }: { readonly onClear: () => void }): ReactElement {
  return (
    <Empty title="No key matches.">
      <Button onClick={onClear}>Clear filters</Button>
    </Empty>
  )
}

function NoKeys(): ReactElement {
  const { url } = useSession()
  return (
    <Empty title="No keys yet.">
      <p>A key identifies a backend in one project and environment. Create one, then send the first request:</p>
      <CopyText text={curlCommand(url, viewerQuery)} label="First request" />
    </Empty>
  )
}
