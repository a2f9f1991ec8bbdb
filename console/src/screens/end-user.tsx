/** One end user: tokens, credentials, servers and events; forget. */
import type { NodeResult } from '@keyhouse/client'
import { useAccessTokens, useAuditEvents, useForgetEndUser, useMcpServers, useNode } from '@keyhouse/client/react'
import { useState } from 'react'
import type { ReactElement } from 'react'
import { useLocation } from 'wouter'

import { useAccess } from '../access.js'
import { useScopedPath } from '../filters.js'
import { Button, ScreenLink } from '../parts/button.js'
import { Confirm } from '../parts/dialog.js'
import { Card, Facts, Page } from '../parts/page.js'
import { Loaded } from '../parts/problem.js'
import { Table } from '../parts/table.js'
import { EnvironmentTag } from '../parts/tag.js'
import { Moment } from '../parts/time.js'
import { useToast } from '../parts/toast.js'
import type { ScreenProps } from '../screens.js'
import { EndUserCredentials } from './end-user-credentials.js'
import { eventColumns } from './key-activity.js'
import { GrantsCard } from './oauth-grants.js'
import { serverColumns } from './servers.js'
import { tokenColumns } from './tokens.js'

const rows = 10

export type EndUserNode = Extract<NonNullable<NodeResult>, { readonly __typename: 'EndUser' }>

interface EndUserProps {
  readonly endUser: EndUserNode
}

/** Fields that name the end user in a filter. */
const filterOf = ({ externalId, environment, project }: EndUserNode) => ({ externalUserId: externalId, environment, projectId: project.id })

export function EndUser({ params }: ScreenProps): ReactElement {
  const query = useNode({ id: params['id']! }, { select: (node): EndUserNode | null => (node?.__typename === 'EndUser' ? node : null) })
  const [isForgetting, setIsForgetting] = useState(false)
  const { can, needs } = useAccess()
  const endUser = query.data
  const forget = endUser && (
    <Button variant="danger" disabledReason={needs('end_user:forget')} onClick={() => setIsForgetting(true)}>
      Forget
    </Button>
  )
  return (
    <Page
      key={params['id']}
      title={endUser?.externalId ?? 'End user'}
      note={endUser && <EnvironmentTag environment={endUser.environment} />}
      actions={forget}
    >
      <Loaded query={query} noun="End user">
        {(data) => (
          <>
            <Card title="End user">
              <Facts
                rows={[
                  ['Id', <code key="id">{data.id}</code>],
                  ['Project', data.project.name],
                  ['First seen', <Moment key="first" at={data.firstSeenAt} />],
                  ['Last seen', <Moment key="last" at={data.lastSeenAt} />],
                ]}
              />
            </Card>
            {can('access_token:read') && <Tokens endUser={data} />}
            {can('oauth_grant:read') && <Grants endUser={data} />}
            {can('mcp_credential:read') && <EndUserCredentials endUser={data} filter={filterOf(data)} />}
            {can('mcp_server:read') && <Servers endUser={data} />}
            {can('audit_event:read') && <Events endUser={data} />}
          </>
        )}
      </Loaded>
      {endUser && isForgetting && <ForgetEndUser endUser={endUser} onClose={() => setIsForgetting(false)} />}
    </Page>
  )
}

function Tokens({ endUser }: EndUserProps): ReactElement {
  const query = useAccessTokens({ first: rows, filter: filterOf(endUser) })
  const all = `/tokens?externalUserId=${encodeURIComponent(endUser.externalId)}`
  return (
    <Card title="Access tokens" actions={<ScreenLink to={all}>All</ScreenLink>}>
      <Loaded query={query}>
        {({ nodes }) => (
          <Table
            caption="Latest access tokens"
            columns={tokenColumns.slice(1)}
            rows={nodes}
            rowKey={({ id }) => id}
            empty={<p className="muted">No access token was exchanged for it.</p>}
          />
        )}
      </Loaded>
    </Card>
  )
}

function Grants({ endUser }: EndUserProps): ReactElement {
  const all = `externalUserId=${encodeURIComponent(endUser.externalId)}`
  return <GrantsCard filter={filterOf(endUser)} without="End user" all={all} />
}

function Servers({ endUser }: EndUserProps): ReactElement {
  const query = useMcpServers({ first: rows, filter: filterOf(endUser) })
  return (
    <Card title="Own MCP servers">
      <Loaded query={query}>
        {({ nodes }) => (
          <Table
            caption="Latest MCP servers of the end user"
            columns={serverColumns}
            rows={nodes}
            rowKey={({ id }) => id}
            empty={<p className="muted">It registered no server. It can use those of the backend.</p>}
          />
        )}
      </Loaded>
    </Card>
  )
}

function Events({ endUser }: EndUserProps): ReactElement {
  const query = useAuditEvents({ first: rows, filter: filterOf(endUser) })
  const all = `/audit?externalUserId=${encodeURIComponent(endUser.externalId)}`
  return (
    <Card title="Audit events" actions={<ScreenLink to={all}>All</ScreenLink>}>
      <Loaded query={query}>
        {({ nodes }) => (
          <Table
            caption="Latest audit events"
            columns={eventColumns}
            rows={nodes}
            rowKey={({ id }) => id}
            empty={<p className="muted">No event yet.</p>}
          />
        )}
      </Loaded>
    </Card>
  )
}

function ForgetEndUser({ endUser, onClose }: EndUserProps & { readonly onClose: () => void }): ReactElement {
  const scoped = useScopedPath()
  const [, navigate] = useLocation()
  const toast = useToast()
  const forget = useForgetEndUser({
    onSuccess: ({ revokedTokens, wipedCredentials, deletedServers, deletedGrants }) => {
      toast(
        `Forgotten. Access tokens revoked: ${revokedTokens}. Credentials wiped: ${wipedCredentials}. Servers deleted: ${deletedServers}. OAuth grants deleted: ${deletedGrants}.`,
      )
      navigate(scoped('/end-users'))
    },
  })
  const { externalId, environment, project } = endUser
  return (
    <Confirm
      title={`Forget ${externalId}?`}
      action="Forget"
      typed={externalId}
      busy={forget.isPending}
      error={forget.error}
      onConfirm={() => forget.mutate({ externalId, environment, projectId: project.id })}
      onClose={onClose}
    >
      <p>
        Its access tokens are revoked, its credentials wiped, and its servers and OAuth grants deleted. Usage and the audit trail keep its
        derived id only. This cannot be undone.
      </p>
    </Confirm>
  )
}
