/** The signed-in user, by a suspending hook. */
import { useSuspenseViewer } from '@keyhouse/client/react'

export function Viewer() {
  const { data: viewer } = useSuspenseViewer()
  // The kind tells which fields are never null.
  const name = viewer.kind === 'ACCESS_TOKEN' ? viewer.endUser.externalId : viewer.organization.name
  return <h1>MCP servers of {name}</h1>
}
