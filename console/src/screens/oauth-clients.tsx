/** OAuth clients that Keyhouse is at the authorization servers of MCP servers: add one by hand, replace its secret, and delete. */
import type { McpOAuthClientsResult } from '@keyhouse/client'
import { useMcpOAuthClients } from '@keyhouse/client/react'
import { keepPreviousData } from '@tanstack/react-query'
import { useState } from 'react'
import type { ReactElement } from 'react'

import { useAccess, useNeedsInProject } from '../access.js'
import { usePage, useScopeFilter } from '../filters.js'
import { Button } from '../parts/button.js'
import { CopyText } from '../parts/copy.js'
import { Dialog } from '../parts/dialog.js'
import { Empty } from '../parts/empty.js'
import { SafeText } from '../parts/json.js'
import { Menu } from '../parts/menu.js'
import { Page } from '../parts/page.js'
import { Loaded } from '../parts/problem.js'
import { Table } from '../parts/table.js'
import type { Column } from '../parts/table.js'
import { ProjectTag } from '../parts/tag.js'
import { Ago } from '../parts/time.js'
import { NewOAuthClient } from './new-oauth-client.js'
import { DeleteClient, ReplaceSecret } from './oauth-client-actions.js'

export type Client = McpOAuthClientsResult['nodes'][number]

const kinds = { STATIC: 'Added by hand', CIMD: 'Metadata document', DCR: 'Registered by Keyhouse' } as const

/** Most characters of a client id: the authorization server chooses those of registered clients. */
const maxShown = 32

const clientColumns: readonly Column<Client>[] = [
  { title: 'Issuer', cell: ({ issuer }) => issuer },
  { title: 'Kind', cell: ({ kind }) => kinds[kind] },
  {
    title: 'Client id',
    cell: ({ clientId }) => (
      <span title={clientId.length > maxShown ? clientId : undefined}>
        <SafeText text={clientId.length > maxShown ? `${clientId.slice(0, maxShown)}…` : clientId} />
      </span>
    ),
  },
  { title: 'Project', cell: (client) => <ProjectTag object={client} /> },
  { title: 'Added', cell: ({ createdAt }) => <Ago at={createdAt} /> },
]

type Asked = { readonly action: 'add' } | { readonly action: 'redirect' | 'replace' | 'delete'; readonly client: Client }

export function OAuthClients(): ReactElement {
  const query = useMcpOAuthClients({ ...usePage(), filter: useScopeFilter() }, { placeholderData: keepPreviousData })
  const { needs } = useAccess()
  const needsInProject = useNeedsInProject()
  const [asked, setAsked] = useState<Asked | null>(null)
  const close = (): void => setAsked(null)
  const columns: readonly Column<Client>[] = [
    ...clientColumns,
    {
      title: 'Actions',
      cell: (client) => (
        <Menu
          label="Actions"
          items={[
            // Keyhouse names those of the other kinds itself.
            ...(client.kind === 'STATIC'
              ? [
                  { label: 'Show redirect URI', onSelect: () => setAsked({ action: 'redirect', client }) },
                  {
                    label: 'Replace secret',
                    disabledReason: needs('mcp_oauth_client:create'),
                    onSelect: () => setAsked({ action: 'replace', client }),
                  },
                ]
              : []),
            {
              label: 'Delete',
              danger: true,
              disabledReason: needs('mcp_oauth_client:delete'),
              onSelect: () => setAsked({ action: 'delete', client }),
            },
          ]}
        />
      ),
    },
  ]
  const add = (
    <Button
      variant="primary"
      icon="plus"
      data-new=""
      disabledReason={needsInProject('mcp_oauth_client:create')}
      onClick={() => setAsked({ action: 'add' })}
    >
      Add client
    </Button>
  )
  return (
    <Page title="OAuth clients of Keyhouse" actions={add}>
      <p className="muted">
        At the authorization servers of MCP servers, Keyhouse is a client itself. Most need nothing from you: they read its metadata
        document or let it register when an account is connected. Add a client for those that do neither, such as GitHub.
      </p>
      <Loaded query={query}>
        {({ nodes, pageInfo }) => (
          <Table
            caption="OAuth clients of Keyhouse"
            columns={columns}
            rows={nodes}
            rowKey={({ id }) => id}
            pageInfo={pageInfo}
            empty={<Empty title="No clients yet." />}
          />
        )}
      </Loaded>
      {asked?.action === 'add' && <NewOAuthClient onAdded={(client) => setAsked({ action: 'redirect', client })} onClose={close} />}
      {asked?.action === 'redirect' && (
        <Dialog title="Redirect URI" onClose={close}>
          <p>
            Register exactly this redirect URI at <code>{asked.client.issuer}</code>:
          </p>
          <CopyText text={asked.client.redirectUri} label="Redirect URI" />
        </Dialog>
      )}
      {asked?.action === 'replace' && <ReplaceSecret client={asked.client} onClose={close} />}
      {asked?.action === 'delete' && <DeleteClient client={asked.client} onClose={close} />}
    </Page>
  )
}
