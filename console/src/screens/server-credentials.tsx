/** Credentials of an MCP server: metadata only; connect, store, replace, share and revoke. */
import { useMcpServer } from '@keyhouse/client/react'
import { keepPreviousData } from '@tanstack/react-query'
import { useState } from 'react'
import type { ReactElement } from 'react'

import { useAccess } from '../access.js'
import { usePage } from '../filters.js'
import { Actor } from '../parts/actor.js'
import { Button } from '../parts/button.js'
import { Empty } from '../parts/empty.js'
import { Menu } from '../parts/menu.js'
import { Card } from '../parts/page.js'
import { Loaded } from '../parts/problem.js'
import { Table } from '../parts/table.js'
import type { Column } from '../parts/table.js'
import { ConnectAccount } from './connect-account.js'
import { credentialColumns } from './credential-columns.js'
import type { Credential } from './credential-columns.js'
import { RevokeCredential } from './revoke-credential.js'
import type { McpServer } from './server.js'
import { ShareCredential, SharedCredential, useShareReason } from './shared-credential.js'
import { StoreCredential } from './store-credential.js'

type Asked =
  | { readonly action: 'store' | 'connect' }
  | { readonly action: 'reconnect' | 'replace' | 'share' | 'revoke'; readonly credential: Credential }

export function ServerCredentials({ server }: { readonly server: McpServer }): ReactElement {
  const query = useMcpServer({ id: server.id, withCredentials: true, ...usePage() }, { placeholderData: keepPreviousData })
  const { can, needs } = useAccess()
  const shareReason = useShareReason(server)
  const ownerMissing = can('end_user:read') ? 'Backend' : 'Backend, or not visible'
  const [asked, setAsked] = useState<Asked | null>(null)
  const close = (): void => setAsked(null)
  const replaceReason = ({ id, endUser }: Credential): string | undefined => {
    if (endUser !== null) return 'It belongs to an end user.'
    return needs('mcp_credential:create') ?? (id === server.sharedCredentialId ? needs('mcp_approval:decide') : undefined)
  }
  const [name, ...others] = credentialColumns
  const columns: readonly Column<Credential>[] = [
    name!,
    {
      title: 'Owner',
      cell: ({ endUser }) => <Actor actor={endUser && { __typename: 'EndUser', ...endUser }} missing={ownerMissing} />,
    },
    ...others,
    {
      title: 'Actions',
      cell: (credential) => (
        <Menu
          label="Actions"
          items={[
            ...(credential.authType === 'OAUTH'
              ? [{ label: 'Reconnect', onSelect: () => setAsked({ action: 'reconnect', credential }) }]
              : [
                  {
                    label: 'Replace value',
                    disabledReason: replaceReason(credential),
                    onSelect: () => setAsked({ action: 'replace', credential }),
                  },
                  {
                    label: 'Share with end users',
                    disabledReason: shareReason(credential),
                    onSelect: () => setAsked({ action: 'share', credential }),
                  },
                ]),
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
  const add = (
    <>
      <Button onClick={() => setAsked({ action: 'connect' })}>Connect an account</Button>
      <Button icon="plus" disabledReason={needs('mcp_credential:create')} onClick={() => setAsked({ action: 'store' })}>
        Store credential
      </Button>
    </>
  )
  return (
    <Card title="Credentials" actions={add}>
      <p className="muted">Values are encrypted and never shown. The gateway sends them; agents never see them.</p>
      <Loaded query={query} noun="MCP server">
        {({ credentials }) => (
          <>
            <SharedCredential server={server} credentials={credentials?.nodes ?? []} />
            <Table
              caption="Credentials"
              columns={columns}
              rows={credentials?.nodes}
              rowKey={({ id }) => id}
              pageInfo={credentials?.pageInfo}
              empty={
                <Empty title="No credential.">
                  <p>
                    The gateway refuses calls without one (1004). For a server with OAuth, each end user connects its account. For one
                    without authentication, store the type None.
                  </p>
                </Empty>
              }
            />
          </>
        )}
      </Loaded>
      {(asked?.action === 'connect' || asked?.action === 'reconnect') && (
        <ConnectAccount
          place={server}
          serverId={server.id}
          externalUserId={('credential' in asked ? asked.credential : server).endUser?.externalId}
          onClose={close}
        />
      )}
      {asked?.action === 'store' && <StoreCredential serverId={server.id} onClose={close} />}
      {asked?.action === 'replace' && <StoreCredential serverId={server.id} replaced={asked.credential} onClose={close} />}
      {asked?.action === 'share' && <ShareCredential server={server} credential={asked.credential} onClose={close} />}
      {asked?.action === 'revoke' && <RevokeCredential credential={asked.credential} onClose={close} />}
    </Card>
  )
}
