/** Form that changes the name, label, URL, description and OAuth settings of an MCP server. */
import type { UpdateMcpServerInput } from '@keyhouse/client'
import { useMcpServer, useUpdateMcpServer } from '@keyhouse/client/react'
import { useState } from 'react'
import type { ReactElement } from 'react'
import { useLocation } from 'wouter'

import { useAccess } from '../access.js'
import { useScopedPath } from '../filters.js'
import { Button, LinkButton } from '../parts/button.js'
import { Confirm } from '../parts/dialog.js'
import { Form, FormActions } from '../parts/form.js'
import { Page } from '../parts/page.js'
import { Loaded, Notice } from '../parts/problem.js'
import { useToast } from '../parts/toast.js'
import type { ScreenProps } from '../screens.js'
import { ActiveCredentials } from './active-credentials.js'
import { serverFields, ServerFields, serverTexts } from './server-form.js'
import type { ServerValues } from './server-form.js'
import { serverOAuthInput, toServerOAuthValues } from './server-oauth.js'
import type { McpServer } from './server.js'

export function EditServer({ params }: ScreenProps): ReactElement {
  // Not fetched again: new data must not replace what the user types.
  const query = useMcpServer({ id: params['id']! }, { staleTime: Infinity })
  return (
    <Page title="Edit MCP server">
      <Loaded query={query} noun="MCP server">
        {(server) => <EditForm server={server} />}
      </Loaded>
    </Page>
  )
}

const toValues = ({ name, serverLabel, serverUrl, serverDescription, oauth }: McpServer): ServerValues => ({
  name,
  serverLabel,
  serverUrl,
  serverDescription: serverDescription ?? '',
  oauth: toServerOAuthValues(oauth),
})

/** The changed fields alone: a URL that is no longer allowed does not prevent a new name. */
function changesOf(server: McpServer, values: ServerValues): Omit<UpdateMcpServerInput, 'id'> {
  const before = toValues(server)
  const changed = Object.fromEntries(serverTexts.filter((name) => values[name] !== before[name]).map((name) => [name, values[name]]))
  return {
    ...changed,
    ...(changed['serverDescription'] === '' && { serverDescription: null }),
    ...(JSON.stringify(values.oauth) !== JSON.stringify(before.oauth) && { oauth: serverOAuthInput(values.oauth) }),
  }
}

function EditForm({ server }: { readonly server: McpServer }): ReactElement {
  const path = `/servers/${server.id}`
  const scoped = useScopedPath()
  const [, navigate] = useLocation()
  const toast = useToast()
  const { needs } = useAccess()
  const [values, setValues] = useState(() => toValues(server))
  const [isMoving, setIsMoving] = useState(false)
  const changes = changesOf(server, values)
  const origin = URL.canParse(values.serverUrl) ? new URL(values.serverUrl).origin : null
  const isMoved = origin !== null && origin !== new URL(server.serverUrl).origin
  const update = useUpdateMcpServer({
    onSuccess: () => {
      toast('The server was changed.')
      navigate(scoped(path))
    },
    // The form shows the error at its field.
    onError: () => setIsMoving(false),
  })
  const save = (): void => update.mutate({ id: server.id, ...changes })
  const reason = needs('mcp_server:update') ?? (Object.keys(changes).length === 0 ? 'Nothing was changed.' : undefined)
  return (
    <>
      <Form error={update.error} fields={serverFields} onSubmit={() => (isMoved ? setIsMoving(true) : save())}>
        <ServerFields values={values} onChange={setValues} />
        {changes.serverUrl !== undefined && (
          <Notice>
            <p>
              A new URL ends the open approvals of the server.
              {isMoved && ' A new scheme, host or port also revokes and wipes its credentials, since no other host may receive them.'}
            </p>
          </Notice>
        )}
        <FormActions>
          <Button type="submit" variant="primary" busy={update.isPending} disabledReason={reason}>
            Save
          </Button>
          <LinkButton to={path}>Cancel</LinkButton>
        </FormActions>
      </Form>
      {isMoving && (
        <Confirm
          title={`Move ${server.name} to ${origin}?`}
          action="Move"
          typed={server.serverLabel}
          busy={update.isPending}
          error={null}
          onConfirm={save}
          onClose={() => setIsMoving(false)}
        >
          <p>
            Its credentials, of every owner, are revoked and wiped
            <ActiveCredentials serverId={server.id} />. Its open approvals end. This cannot be undone.
          </p>
        </Confirm>
      )}
    </>
  )
}
