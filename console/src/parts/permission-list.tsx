/** Permissions in a table cell: the first two, and the number of the others. */
import type { ReactElement } from 'react'

const maxShown = 2

export function PermissionList({ permissions }: { readonly permissions: readonly string[] }): ReactElement {
  if (permissions.length === 0) return <span className="muted">None</span>
  const rest = permissions.slice(maxShown)
  return (
    <span title={rest.length > 0 ? permissions.join('\n') : undefined}>
      <code>{permissions.slice(0, maxShown).join(', ')}</code>
      {rest.length > 0 && <span className="note">{`\u00A0+\u00A0${rest.length}`}</span>}
    </span>
  )
}
