/** Number of credentials that an action on an MCP server would revoke. */
import { useMcpCredentials } from '@keyhouse/client/react'
import type { ReactElement } from 'react'

import { useAccess } from '../access.js'

/** Such as ": 3 active", at the end of a sentence; nothing without the permission to read credentials. */
export function ActiveCredentials({ serverId }: { readonly serverId: string }): ReactElement {
  const { can } = useAccess()
  const { data } = useMcpCredentials(
    { first: 1, filter: { serverId, status: 'ACTIVE' }, withTotalCount: true },
    { enabled: can('mcp_credential:read') },
  )
  return <>{data?.totalCount !== undefined && `: ${data.totalCount.toLocaleString()} active`}</>
}
