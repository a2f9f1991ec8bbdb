/** Credentials of an end user, and its connected accounts: reconnect and revoke. */
import type { McpCredentialsResult } from '@keyhouse/client'
import { useMcpCredentials } from '@keyhouse/client/react'
import { useState } from 'react'
import type { ReactElement } from 'react'

import { useAccess } from '../access.js'
import { Button, ScreenLink } from '../parts/button.js'
import { Menu } from '../parts/menu.js'
import { Card } from '../parts/page.js'
import { Loaded } from '../parts/problem.js'
import { Table } from '../parts/table.js'
import type { Column } from '../parts/table.js'
import { ConnectAccount } from './connect-account.js'
import { credentialColumns } from './credential-columns.js'
import type { EndUserNode } from './end-user.js'
import { RevokeCredential } from './revoke-credential.js'

type Credential = McpCredentialsResult['nodes'][number]

const maxRows = 10

type Asked = { readonly action: 'connect' } | { readonly action: 'reconnect' | 'revoke'; readonly credential: Credential }

interface CredentialsProps {
  readonly endUser: EndUserNode
  readonly filter: NonNullable<Parameters<typeof useMcpCredentials>[0]>['filter']
}

export function EndUserCredentials({ endUser, filter = null }: CredentialsProps): ReactElement {
  const query = useMcpCredentials({ first: maxRows, filter })
  const { can, needs } = useAccess()
  const [asked, setAsked] = useState<Asked | null>(null)
  const close = (): void => setAsked(null)
  const columns: readonly Column<Credential>[] = [
    {
      title: 'Server',
      cell: ({ server }) =>
        server ? <ScreenLink to={`/servers/${server.id}`}>{server.name}</ScreenLink> : <span className="muted">Not visible</span>,
    },
    ...credentialColumns,
    {
      title: 'Actions',
      cell: (credential) => (
        <Menu
          label="Actions"
          items={[
            ...(credential.authType === 'OAUTH' && credential.server
              ? [{ label: 'Reconnect', onSelect: () => setAsked({ action: 'reconnect', credential }) }]
              : []),
            {
              label: 'Revoke',
              disabledReason: needs('mcp_credential:revoke'),
              danger: true,
              onSelect: () => setAsked({ action: 'revoke', credential }),
            },
          ]}
        />
      ),
    },
  ]
  return (
    <Card
      title="Credentials"
      actions={can('mcp_server:read') && <Button onClick={() => setAsked({ action: 'connect' })}>Connect an account</Button>}
    >
      <Loaded query={query}>
        {({ nodes }) => (
          <Table
            caption="Latest credentials"
            columns={columns}
            rows={nodes}
            rowKey={({ id }) => id}
            empty={<p className="muted">It has no credential.</p>}
          />
        )}
      </Loaded>
      {(asked?.action === 'connect' || asked?.action === 'reconnect') && (
        <ConnectAccount
          place={endUser}
          serverId={asked.action === 'reconnect' ? asked.credential.server?.id : undefined}
          externalUserId={endUser.externalId}
          onClose={close}
        />
      )}
      {asked?.action === 'revoke' && <RevokeCredential credential={asked.credential} onClose={close} />}
    </Card>
  )
}
