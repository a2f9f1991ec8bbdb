/** OAuth grants: what end users allowed OAuth clients; revoke one. */
import type { OauthGrantsResult } from '@keyhouse/client'
import { useOauthGrants, useRevokeOAuthGrant } from '@keyhouse/client/react'
import { useState } from 'react'
import type { ReactElement } from 'react'

import { useAccess } from '../access.js'
import { Actor } from '../parts/actor.js'
import { Button, ScreenLink } from '../parts/button.js'
import { Confirm } from '../parts/dialog.js'
import { SafeText } from '../parts/json.js'
import { Card } from '../parts/page.js'
import { PermissionList } from '../parts/permission-list.js'
import { Loaded } from '../parts/problem.js'
import { Table } from '../parts/table.js'
import type { Column } from '../parts/table.js'
import { StatusTag } from '../parts/tag.js'
import { Ago } from '../parts/time.js'
import { useToast } from '../parts/toast.js'

type Grant = OauthGrantsResult['nodes'][number]

const maxRows = 10

interface ClientProps {
  readonly grant: Pick<Grant, 'clientId' | 'clientName' | 'clientHost'>
}

/** Name of an OAuth client, which the client chooses, above the host that proves where it comes from. Leads to all of its grants. */
export function OAuthClient({ grant: { clientId, clientName, clientHost } }: ClientProps): ReactElement {
  return (
    <div>
      <ScreenLink to={`/oauth?clientId=${encodeURIComponent(clientId)}`}>
        <SafeText text={clientName} />
      </ScreenLink>
      <br />
      {clientHost === null ? <span className="muted">Registered itself</span> : <code className="muted">{clientHost}</code>}
    </div>
  )
}

const grantColumns: readonly Column<Grant>[] = [
  { title: 'Client', cell: (grant) => <OAuthClient grant={grant} /> },
  { title: 'Returns to', cell: ({ redirectHost }) => <code>{redirectHost}</code> },
  { title: 'End user', cell: ({ endUser }) => <Actor actor={endUser && { __typename: 'EndUser', ...endUser }} /> },
  {
    title: 'MCP server',
    cell: ({ server }) =>
      server ? <ScreenLink to={`/servers/${server.id}`}>{server.name}</ScreenLink> : <span className="muted">Deleted, or not visible</span>,
  },
  { title: 'Permissions', cell: ({ permissions }) => <PermissionList permissions={permissions} /> },
  { title: 'Consent', cell: ({ createdAt }) => <Ago at={createdAt} /> },
  { title: 'Status', cell: ({ status }) => <StatusTag status={status} /> },
]

interface GrantTableProps {
  /** Undefined while loading. */
  readonly grants: readonly Grant[] | undefined
  readonly pageInfo?: OauthGrantsResult['pageInfo'] | undefined
  readonly caption?: string
  /** Column that the screen says already. */
  readonly without?: 'End user' | 'MCP server'
  readonly empty: ReactElement
}

export function GrantTable({ grants, pageInfo, caption = 'OAuth grants', without, empty }: GrantTableProps): ReactElement {
  const { needs } = useAccess()
  const [revoked, setRevoked] = useState<Grant | null>(null)
  const columns: readonly Column<Grant>[] = [
    ...grantColumns.filter(({ title }) => title !== without),
    {
      title: 'Actions',
      cell: (grant) => (
        <Button
          disabledReason={needs('oauth_grant:revoke') ?? (grant.revokedAt === null ? undefined : 'The grant is revoked.')}
          onClick={() => setRevoked(grant)}
        >
          Revoke
        </Button>
      ),
    },
  ]
  return (
    <>
      <Table caption={caption} columns={columns} rows={grants} rowKey={({ id }) => id} pageInfo={pageInfo} empty={empty} />
      {revoked && <RevokeGrant grant={revoked} onClose={() => setRevoked(null)} />}
    </>
  )
}

interface GrantsCardProps {
  readonly filter: NonNullable<Parameters<typeof useOauthGrants>[0]>['filter']
  readonly without: 'End user' | 'MCP server'
  /** Query of the OAuth screen that shows all of them. */
  readonly all: string
}

/** The latest grants of an end user or a server. */
export function GrantsCard({ filter, without, all }: GrantsCardProps): ReactElement {
  const query = useOauthGrants({ first: maxRows, filter: filter ?? null })
  return (
    <Card title="OAuth grants" actions={<ScreenLink to={`/oauth?${all}`}>All</ScreenLink>}>
      <Loaded query={query}>
        {({ nodes }) => (
          <GrantTable
            grants={nodes}
            without={without}
            caption="Latest OAuth grants"
            empty={<p className="muted">No OAuth client was allowed.</p>}
          />
        )}
      </Loaded>
    </Card>
  )
}

interface RevokeProps {
  readonly grant: Grant
  readonly onClose: () => void
}

function RevokeGrant({ grant, onClose }: RevokeProps): ReactElement {
  const toast = useToast()
  const revoke = useRevokeOAuthGrant({
    onSuccess: ({ revokedTokens }) => {
      toast(`The grant was revoked. Access tokens revoked: ${revokedTokens}.`)
      onClose()
    },
  })
  return (
    <Confirm
      title="Revoke this OAuth grant?"
      action="Revoke"
      busy={revoke.isPending}
      error={revoke.error}
      onConfirm={() => revoke.mutate({ id: grant.id })}
      onClose={onClose}
    >
      <p>
        The access and refresh tokens of <SafeText text={grant.clientName} /> for {grant.server?.name ?? 'its MCP server'} end now, and its
        open streams within a second. To connect it again, {grant.endUser?.externalId ?? 'the end user'} must consent again.
      </p>
    </Confirm>
  )
}
