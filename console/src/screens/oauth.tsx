/** OAuth: configurations, and the grants that end users gave to clients. */
import { useOauthGrants } from '@keyhouse/client/react'
import { keepPreviousData } from '@tanstack/react-query'
import type { ReactElement } from 'react'

import { useAccess } from '../access.js'
import { useFilters, usePage, useScopeFilter } from '../filters.js'
import { Button, LinkButton } from '../parts/button.js'
import { Empty } from '../parts/empty.js'
import { ChoiceFilter, FilterBar, SearchFilter } from '../parts/filter-bar.js'
import { Card, Page } from '../parts/page.js'
import { Problem } from '../parts/problem.js'
import { OAuthConfigurations } from './oauth-configurations.js'
import { GrantTable } from './oauth-grants.js'

export function OAuth(): ReactElement {
  const { can, needs } = useAccess()
  const actions = (
    <>
      <LinkButton to="/oauth/clients" disabledReason={needs('mcp_oauth_client:read')}>
        Clients of Keyhouse
      </LinkButton>
      <LinkButton to="/oauth/configurations/new" variant="primary" icon="plus" disabledReason={needs('oauth_configuration:update')} isNew>
        Configure OAuth
      </LinkButton>
    </>
  )
  return (
    <Page title="OAuth" actions={actions}>
      <p className="muted">
        MCP clients such as Claude, Cursor and VS Code connect with the URL of a server alone: the end user signs in and consents.
      </p>
      {can('oauth_configuration:read') && <OAuthConfigurations />}
      {can('oauth_grant:read') && <Grants />}
    </Page>
  )
}

const states = [
  ['false', 'Not revoked'],
  ['true', 'Revoked'],
] as const

/** Filters that are text, by the names of the input. An id of a registered client is too long to type: its name links to it. */
const textFilters = ['externalUserId', 'clientId', 'serverId', 'apiKeyId'] as const

function Grants(): ReactElement {
  const filters = useFilters()
  const scope = useScopeFilter()
  const texts = textFilters.flatMap((name) => (filters.get(name) === '' ? [] : [[name, filters.get(name)] as const]))
  const isRevoked = filters.get('isRevoked')
  const { data, error, refetch } = useOauthGrants(
    {
      ...usePage(),
      filter: { ...scope, ...Object.fromEntries(texts), ...(isRevoked !== '' && { isRevoked: isRevoked === 'true' }) },
    },
    { placeholderData: keepPreviousData },
  )
  const empty = filters.isFiltered ? (
    <Empty title="No grant matches.">
      <Button onClick={filters.clear}>Clear filters</Button>
    </Empty>
  ) : (
    <p className="muted">No grants yet. Each consent of an end user to a client is one, for one MCP server.</p>
  )
  return (
    <Card title="Grants">
      <FilterBar>
        <SearchFilter name="externalUserId" label="External id of the end user" />
        <SearchFilter name="serverId" label="Id of the MCP server" />
        <SearchFilter name="apiKeyId" label="Id of the API key" />
        <ChoiceFilter name="isRevoked" label="Status" options={states} />
      </FilterBar>
      {error && <Problem error={error} onRetry={() => void refetch()} />}
      {(data || !error) && <GrantTable grants={data?.nodes} pageInfo={data?.pageInfo} empty={empty} />}
    </Card>
  )
}
