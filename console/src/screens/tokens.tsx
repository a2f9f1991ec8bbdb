/** Access tokens that were exchanged from API keys: revoke one, and check a pasted token or key. */
import type { AccessTokensResult } from '@keyhouse/client'
import { useAccessTokens, useRevokeAccessToken } from '@keyhouse/client/react'
import { keepPreviousData } from '@tanstack/react-query'
import { useState } from 'react'
import type { ReactElement } from 'react'

import { useAccess } from '../access.js'
import { curlCommand, exchangeMutation } from '../commands.js'
import { useFilters, usePage, useScopeFilter } from '../filters.js'
import { Actor } from '../parts/actor.js'
import { Button } from '../parts/button.js'
import { CopyText } from '../parts/copy.js'
import { Confirm } from '../parts/dialog.js'
import { Empty } from '../parts/empty.js'
import { ChoiceFilter, FilterBar, SearchFilter } from '../parts/filter-bar.js'
import { Page } from '../parts/page.js'
import { Problem } from '../parts/problem.js'
import { Table } from '../parts/table.js'
import type { Column } from '../parts/table.js'
import { EnvironmentTag, StatusTag } from '../parts/tag.js'
import { Ago, Moment } from '../parts/time.js'
import { useToast } from '../parts/toast.js'
import { useSession } from '../session-context.js'
import { CheckCredential } from './check-credential.js'
import { OAuthClient } from './oauth-grants.js'

type Token = AccessTokensResult['nodes'][number]

export const tokenColumns: readonly Column<Token>[] = [
  { title: 'End user', cell: ({ endUser }) => <Actor actor={endUser && { __typename: 'EndUser', ...endUser }} /> },
  { title: 'API key', cell: ({ apiKey }) => <Actor actor={apiKey && { __typename: 'ApiKey', ...apiKey }} /> },
  { title: 'Client', cell: ({ grant }) => (grant ? <OAuthClient grant={grant} /> : <span className="muted">None</span>) },
  { title: 'Audience', cell: ({ audience }) => <span>{audience}</span> },
  { title: 'Environment', cell: ({ environment }) => <EnvironmentTag environment={environment} /> },
  { title: 'Issued', cell: ({ issuedAt }) => <Ago at={issuedAt} /> },
  { title: 'Ends', cell: ({ expiresAt }) => <Moment at={expiresAt} /> },
  { title: 'Status', cell: ({ status }) => <StatusTag status={status} /> },
]

const statuses = [
  ['ACTIVE', 'Active'],
  ['SUSPENDED', 'Suspended'],
  ['EXPIRED', 'Expired'],
  ['REVOKED', 'Revoked'],
] as const

export function Tokens(): ReactElement {
  const filters = useFilters()
  const { needs } = useAccess()
  const scope = useScopeFilter()
  const page = usePage()
  const [revoked, setRevoked] = useState<Token | null>(null)
  const apiKeyId = filters.get('apiKeyId')
  const externalUserId = filters.get('externalUserId')
  const status = statuses.find(([name]) => name === filters.get('status'))?.[0]
  const { data, error, refetch } = useAccessTokens(
    {
      ...page,
      filter: {
        ...scope,
        ...(apiKeyId !== '' && { apiKeyId }),
        ...(externalUserId !== '' && { externalUserId }),
        ...(status && { status }),
      },
    },
    { placeholderData: keepPreviousData },
  )
  const revokeReason = ({ status: current }: Token): string | undefined =>
    needs('access_token:revoke') ?? (current === 'REVOKED' || current === 'EXPIRED' ? 'The token is not active.' : undefined)
  const columns: readonly Column<Token>[] = [
    ...tokenColumns,
    {
      title: 'Actions',
      cell: (token) => (
        <Button disabledReason={revokeReason(token)} onClick={() => setRevoked(token)}>
          Revoke
        </Button>
      ),
    },
  ]
  return (
    <Page title="Access tokens">
      <CheckCredential />
      <FilterBar>
        <SearchFilter name="externalUserId" label="External id of the end user" />
        <SearchFilter name="apiKeyId" label="Id of the API key" />
        <ChoiceFilter name="status" label="Status" options={statuses} />
      </FilterBar>
      {error && <Problem error={error} onRetry={() => void refetch()} />}
      {(data || !error) && (
        <Table
          caption="Access tokens"
          columns={columns}
          rows={data?.nodes}
          rowKey={({ id }) => id}
          pageInfo={data?.pageInfo}
          empty={filters.isFiltered ? <NoMatch onClear={filters.clear} /> : <NoTokens />}
        />
      )}
      {revoked && <RevokeToken token={revoked} onClose={() => setRevoked(null)} />}
    </Page>
  )
}

function NoMatch({ onClear }: { readonly onClear: () => void }): ReactElement {
  return (
    <Empty title="No token matches.">
      <Button onClick={onClear}>Clear filters</Button>
    </Empty>
  )
}

function NoTokens(): ReactElement {
  const { url } = useSession()
  return (
    <Empty title="No access tokens yet.">
      <p>A backend exchanges its API key for a short-lived token of one end user and one audience:</p>
      <CopyText text={curlCommand(url, exchangeMutation)} label="Exchange" />
    </Empty>
  )
}

interface RevokeProps {
  readonly token: Token
  readonly onClose: () => void
}

function RevokeToken({ token, onClose }: RevokeProps): ReactElement {
  const toast = useToast()
  const revoke = useRevokeAccessToken({
    onSuccess: () => {
      toast('The access token was revoked.')
      onClose()
    },
  })
  return (
    <Confirm
      title="Revoke this access token?"
      action="Revoke"
      busy={revoke.isPending}
      error={revoke.error}
      onConfirm={() => revoke.mutate({ id: token.id })}
      onClose={onClose}
    >
      <p>
        Keyhouse refuses the token of {token.endUser?.externalId ?? 'an end user'} for {token.audience} from now on. A service that checks
        signatures only accepts it until it ends. This cannot be undone.
      </p>
    </Confirm>
  )
}
