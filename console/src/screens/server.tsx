/** One MCP server: gateway URL, tools, approval policy and credentials; delete. */
import type { McpApprovalPolicy, McpServerResult } from '@keyhouse/client'
import { useDeleteMcpServer, useMcpServer, useUpdateMcpServer } from '@keyhouse/client/react'
import { useState } from 'react'
import type { ReactElement } from 'react'
import { useLocation } from 'wouter'

import { useAccess } from '../access.js'
import { useScopedPath } from '../filters.js'
import { Actor } from '../parts/actor.js'
import { Button, LinkButton, ScreenLink } from '../parts/button.js'
import { CopyText } from '../parts/copy.js'
import { Confirm } from '../parts/dialog.js'
import { Choices, Form, FormActions } from '../parts/form.js'
import { Card, Facts, Page } from '../parts/page.js'
import { Loaded } from '../parts/problem.js'
import { EnvironmentTag } from '../parts/tag.js'
import { Moment } from '../parts/time.js'
import { useToast } from '../parts/toast.js'
import type { ScreenProps } from '../screens.js'
import { useSession } from '../session-context.js'
import { ActiveCredentials } from './active-credentials.js'
import { policies } from './new-server.js'
import { GrantsCard } from './oauth-grants.js'
import { ServerCredentials } from './server-credentials.js'
import { ServerTools } from './server-tools.js'

export type McpServer = NonNullable<McpServerResult>

interface ServerProps {
  readonly server: McpServer
}

export function Server({ params }: ScreenProps): ReactElement {
  const query = useMcpServer({ id: params['id']! })
  const [isDeleting, setIsDeleting] = useState(false)
  const { can, needs } = useAccess()
  const server = query.data
  const actions = server && (
    <>
      <LinkButton to={`/servers/${server.id}/edit`} disabledReason={needs('mcp_server:update')}>
        Edit
      </LinkButton>
      <Button variant="danger" disabledReason={needs('mcp_server:delete')} onClick={() => setIsDeleting(true)}>
        Delete
      </Button>
    </>
  )
  return (
    <Page
      key={params['id']}
      title={server?.name ?? 'MCP server'}
      note={server && <EnvironmentTag environment={server.environment} />}
      actions={actions}
    >
      <Loaded query={query} noun="MCP server">
        {(data) => (
          <>
            <ServerFacts server={data} />
            <ServerTools server={data} />
            <ServerPolicy server={data} />
            {can('mcp_credential:read') && <ServerCredentials server={data} />}
            {can('oauth_grant:read') && <GrantsCard filter={{ serverId: data.id }} without="MCP server" all={`serverId=${data.id}`} />}
          </>
        )}
      </Loaded>
      {server && isDeleting && <DeleteServer server={server} onClose={() => setIsDeleting(false)} />}
    </Page>
  )
}

/** Configuration of an MCP client. The client reads the key from its environment. */
const clientConfiguration = (label: string, url: string): string =>
  JSON.stringify({ mcpServers: { [label]: { type: 'http', url, headers: { Authorization: 'Bearer ${MCP_TOKEN}' } } } }, null, 2)

function ServerFacts({ server }: ServerProps): ReactElement {
  const { url } = useSession()
  const { can } = useAccess()
  const gatewayUrl = `${url}/mcp/${server.id}`
  return (
    <>
      <Card title="Server">
        <Facts
          rows={[
            ['Label', <code key="label">{server.serverLabel}</code>],
            ['URL', <code key="url">{server.serverUrl}</code>],
            ['Id', <code key="id">{server.id}</code>],
            ['Project', server.project.name],
            ['Purpose', server.serverDescription ?? <span className="muted">None</span>],
            [
              'Owner',
              <Actor
                key="owner"
                actor={server.endUser && { __typename: 'EndUser', ...server.endUser }}
                missing={can('end_user:read') ? 'Backend' : 'Backend, or not visible'}
              />,
            ],
            ['Registered', <Moment key="registered" at={server.createdAt} />],
            ['Changed', <Moment key="changed" at={server.updatedAt} />],
          ]}
        />
      </Card>
      <Card title="Connect an agent">
        <p>
          Give MCP clients this URL, with an API key or an access token that holds mcp_server:use. Where{' '}
          <ScreenLink to="/oauth">OAuth</ScreenLink> is configured, clients such as Claude and Cursor need the URL alone.
        </p>
        <CopyText text={gatewayUrl} label="Gateway URL" />
        <CopyText text={clientConfiguration(server.serverLabel, gatewayUrl)} label="Client configuration" />
      </Card>
    </>
  )
}

function ServerPolicy({ server }: ServerProps): ReactElement {
  const { needs } = useAccess()
  const toast = useToast()
  const [policy, setPolicy] = useState<McpApprovalPolicy>(server.requireApproval)
  const update = useUpdateMcpServer({ onSuccess: () => toast('The approval policy was changed.') })
  const reason =
    needs('mcp_server:update') ??
    (policy === server.requireApproval ? 'Nothing was changed.' : policy === 'NEVER' ? needs('mcp_approval:decide') : undefined)
  return (
    <Card title="Approval policy">
      <Form error={update.error} fields={[]} onSubmit={() => update.mutate({ id: server.id, requireApproval: policy })}>
        <Choices label="Tool calls" options={policies} value={policy} onChange={setPolicy} />
        <FormActions>
          <Button type="submit" busy={update.isPending} disabledReason={reason}>
            Save policy
          </Button>
        </FormActions>
      </Form>
    </Card>
  )
}

function DeleteServer({ server, onClose }: ServerProps & { readonly onClose: () => void }): ReactElement {
  const scoped = useScopedPath()
  const [, navigate] = useLocation()
  const toast = useToast()
  const remove = useDeleteMcpServer({
    onSuccess: ({ revokedCredentialCount: count }) => {
      toast(`The server was deleted, and ${count === 1 ? '1 credential was' : `${count} credentials were`} revoked.`)
      navigate(scoped('/servers'))
    },
  })
  return (
    <Confirm
      title={`Delete ${server.name}?`}
      action="Delete"
      typed={server.serverLabel}
      busy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate({ id: server.id })}
      onClose={onClose}
    >
      <p>
        The gateway refuses it from now on. Its credentials, of every owner, are revoked and wiped
        <ActiveCredentials serverId={server.id} />. Its open approvals end. This cannot be undone.
      </p>
    </Confirm>
  )
}
