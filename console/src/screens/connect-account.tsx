/** Dialog that says how an end user connects its account at an MCP server. Nobody else can: it consents in its own browser. */
import type { Environment } from '@keyhouse/client'
import { useMcpServers, useOauthConfigurations } from '@keyhouse/client/react'
import { useState } from 'react'
import type { ReactElement } from 'react'

import { useAccess } from '../access.js'
import { onBehalfOfCommand } from '../commands.js'
import { LinkButton } from '../parts/button.js'
import { CopyText } from '../parts/copy.js'
import { Dialog } from '../parts/dialog.js'
import { Select } from '../parts/form.js'
import { Notice } from '../parts/problem.js'
import { useSession } from '../session-context.js'

interface ConnectProps {
  readonly place: { readonly project: { readonly id: string; readonly name: string }; readonly environment: Environment }
  /** Undefined: to be chosen. */
  readonly serverId?: string | undefined
  /** Undefined: any end user. */
  readonly externalUserId?: string | undefined
  readonly onClose: () => void
}

export function ConnectAccount({ place, serverId: given, externalUserId, onClose }: ConnectProps): ReactElement {
  const { url } = useSession()
  const { can } = useAccess()
  const { project, environment } = place
  const filter = { projectId: project.id, environment }
  const { data: configurations } = useOauthConfigurations({ first: 1, filter }, { enabled: can('oauth_configuration:read') })
  const { data: servers } = useMcpServers({ first: 100, filter }, { enabled: given === undefined })
  const [chosen, setChosen] = useState('')
  const options = (servers?.nodes ?? [])
    .filter(({ endUser }) => endUser === null || endUser.externalId === externalUserId)
    .map(({ id, name }) => [id, name] as const)
  const serverId = given ?? (chosen === '' ? options[0]?.[0] : chosen)
  const page = `${url}/oauth/account/${project.id}/${environment.toLowerCase()}`
  const mutation = `mutation { startMcpConnection(input: { serverId: "${serverId}" }) { url expiresAt userErrors { message } } }`
  return (
    <Dialog title={`Connect an account${externalUserId === undefined ? '' : ` of ${externalUserId}`}`} onClose={onClose}>
      {configurations?.nodes.length === 0 ? (
        <Notice>
          <p>
            End users of {project.name}, {environment.toLowerCase()}, cannot sign in to Keyhouse, and so connect no account. Configure OAuth
            first.
          </p>
          <div className="row">
            <LinkButton to="/oauth">OAuth</LinkButton>
          </div>
        </Notice>
      ) : (
        <>
          <p>
            The end user connects its own account: it signs in here, then consents at the service. Keyhouse keeps the tokens, and nobody
            sees them.
          </p>
          {options.length > 0 && <Select name="serverId" label="MCP server" options={options} value={serverId!} onChange={setChosen} />}
          <h3>Send the end user to its page</h3>
          <p className="note">It connects and disconnects its accounts there. The address is no credential.</p>
          <CopyText text={serverId === undefined ? page : `${page}?server=${serverId}`} label="Page of the end user" />
          {serverId !== undefined && (
            <>
              <h3>Or let your backend ask for a link</h3>
              <p className="note">Valid for 10 minutes, once, and for this end user alone. The API key needs mcp_credential:create.</p>
              <CopyText text={onBehalfOfCommand(url, externalUserId, mutation)} label="Request for a link" />
            </>
          )}
        </>
      )}
    </Dialog>
  )
}
