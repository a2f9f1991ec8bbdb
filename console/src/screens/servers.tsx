/** List of MCP servers. */
import type { McpServersResult } from '@keyhouse/client'
import { useMcpServers } from '@keyhouse/client/react'
import { keepPreviousData } from '@tanstack/react-query'
import type { ReactElement } from 'react'

import { useNeedsInProject } from '../access.js'
import { useFilters, usePage, useScopeFilter } from '../filters.js'
import { Button, LinkButton, ScreenLink } from '../parts/button.js'
import { CopyText } from '../parts/copy.js'
import { Empty } from '../parts/empty.js'
import { FilterBar, SearchFilter } from '../parts/filter-bar.js'
import { Page } from '../parts/page.js'
import { Problem } from '../parts/problem.js'
import { Table } from '../parts/table.js'
import type { Column } from '../parts/table.js'
import { EnvironmentTag, Tag } from '../parts/tag.js'
import { Ago } from '../parts/time.js'

export type ServerRow = McpServersResult['nodes'][number]

/** Such as "3 tools"; null allows every tool. */
export function describeTools(allowedTools: readonly string[] | null): string {
  if (allowedTools === null) return 'Every tool'
  if (allowedTools.length === 0) return 'None'
  return allowedTools.length === 1 ? '1 tool' : `${allowedTools.length} tools`
}

export const serverColumns: readonly Column<ServerRow>[] = [
  {
    title: 'Name',
    cell: ({ id, name, serverLabel }) => (
      <div>
        <ScreenLink to={`/servers/${id}`}>{name}</ScreenLink>
        <br />
        <code className="muted">{serverLabel}</code>
      </div>
    ),
  },
  { title: 'Host', cell: ({ serverUrl }) => <code>{new URL(serverUrl).host}</code> },
  { title: 'Environment', cell: ({ environment }) => <EnvironmentTag environment={environment} /> },
  {
    title: 'Tool calls',
    cell: ({ requireApproval }) => (requireApproval === 'ALWAYS' ? <Tag>Need approval</Tag> : <Tag tone="warn">Without approval</Tag>),
  },
  { title: 'Allowed tools', cell: ({ allowedTools }) => describeTools(allowedTools) },
  { title: 'Registered', cell: ({ createdAt }) => <Ago at={createdAt} /> },
]

export function Servers(): ReactElement {
  const filters = useFilters()
  const needs = useNeedsInProject()
  const scope = useScopeFilter()
  const page = usePage()
  const search = filters.get('search')
  const { data, error, refetch } = useMcpServers(
    { ...page, filter: { ...scope, ...(search !== '' && { search }) } },
    { placeholderData: keepPreviousData },
  )
  const register = (
    <LinkButton to="/servers/new" variant="primary" icon="plus" disabledReason={needs('mcp_server:create')} isNew>
      Register server
    </LinkButton>
  )
  return (
    <Page title="MCP servers" actions={register}>
      <FilterBar>
        <SearchFilter label="Search names and labels" />
      </FilterBar>
      {error && <Problem error={error} onRetry={() => void refetch()} />}
      {(data || !error) && (
        <Table
          caption="MCP servers"
          columns={serverColumns}
          rows={data?.nodes}
          rowKey={({ id }) => id}
          pageInfo={data?.pageInfo}
          empty={filters.isFiltered ? <NoMatch onClear={filters.clear} /> : <NoServers />}
        />
      )}
    </Page>
  )
}

function NoMatch({ onClear }: { readonly onClear: () => void }): ReactElement {
  return (
    <Empty title="No server matches.">
      <Button onClick={onClear}>Clear filters</Button>
    </Empty>
  )
}

function NoServers(): ReactElement {
  return (
    <Empty title="No servers yet.">
      <p>Agents call the tools of a registered server through the gateway, and never see its credentials.</p>
      <p>
        To try it, start the MCP project&apos;s test server, allow it in the environment of Keyhouse, and register
        http://localhost:3001/mcp:
      </p>
      <CopyText
        text={'PORT=3001 npx @modelcontextprotocol/server-everything streamableHttp\nKEYHOUSE_OUTBOUND_ALLOW=localhost:3001'}
        label="Test server"
      />
    </Empty>
  )
}
