/** Personal tokens of everybody in the organization, without their secrets. */
import type { OrganizationTokensResult } from '@keyhouse/client'
import { useOrganizationTokens, useRevokeOrganizationToken } from '@keyhouse/client/react'
import { useState } from 'react'
import type { ReactElement } from 'react'

import { useAccess } from '../access.js'
import { usePage } from '../filters.js'
import { Button } from '../parts/button.js'
import { Confirm } from '../parts/dialog.js'
import { Empty } from '../parts/empty.js'
import { Loaded } from '../parts/problem.js'
import { Table } from '../parts/table.js'
import type { Column } from '../parts/table.js'
import { StatusTag } from '../parts/tag.js'
import { Ago, Day, Moment } from '../parts/time.js'

type Token = OrganizationTokensResult['nodes'][number]

const typeNames = { FULL_ACCESS: 'Full access', RESTRICTED: 'Restricted', EPHEMERAL: 'Ephemeral', LOGIN: 'Sign-in' } as const

export function OrganizationTokens(): ReactElement {
  const { needs } = useAccess()
  const query = useOrganizationTokens(usePage(50))
  const [revoked, setRevoked] = useState<Token | null>(null)
  const columns: readonly Column<Token>[] = [
    { title: 'Member', cell: ({ user }) => <span title={user.email}>{user.name}</span> },
    { title: 'Type', cell: ({ type }) => typeNames[type] },
    { title: 'Description', cell: ({ description }) => description ?? <span className="muted">None</span> },
    { title: 'Issued', cell: ({ issuedAt }) => <Ago at={issuedAt} /> },
    { title: 'Last used', cell: ({ lastUsedOn }) => <Day at={lastUsedOn} /> },
    { title: 'Ends', cell: ({ expiresAt }) => <Moment at={expiresAt} /> },
    { title: 'Status', cell: ({ status }) => <StatusTag status={status} /> },
    {
      title: 'Actions',
      cell: (token) =>
        token.status === 'ACTIVE' && (
          <Button disabledReason={needs('personal_token:revoke')} onClick={() => setRevoked(token)}>
            Revoke
          </Button>
        ),
    },
  ]
  return (
    <>
      <Loaded query={query}>
        {({ nodes, pageInfo }) => (
          <Table
            caption="Personal tokens"
            columns={columns}
            rows={nodes}
            rowKey={({ id }) => id}
            pageInfo={pageInfo}
            empty={<Empty title="No personal tokens." />}
          />
        )}
      </Loaded>
      {revoked && <Revoke token={revoked} onClose={() => setRevoked(null)} />}
    </>
  )
}

interface RevokeProps {
  readonly token: Token
  readonly onClose: () => void
}

function Revoke({ token: { id, type, description, user }, onClose }: RevokeProps): ReactElement {
  const revoke = useRevokeOrganizationToken({ onSuccess: onClose })
  return (
    <Confirm
      title={`Revoke ${description ?? typeNames[type].toLowerCase()} of ${user.name}?`}
      action="Revoke"
      busy={revoke.isPending}
      error={revoke.error}
      onConfirm={() => revoke.mutate({ id })}
      onClose={onClose}
    >
      <p>Requests with this token are refused from now on, everywhere. This cannot be undone.</p>
    </Confirm>
  )
}
