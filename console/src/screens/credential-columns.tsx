/** Columns of MCP credentials: metadata only, and whether the server accepts the value. */
import type { McpServerResult } from '@keyhouse/client'
import type { ReactElement } from 'react'

import type { Column } from '../parts/table.js'
import { StatusTag, Tag } from '../parts/tag.js'
import { Ago, Moment } from '../parts/time.js'

export type Credential = NonNullable<NonNullable<McpServerResult>['credentials']>['nodes'][number]

const typeNames = {
  BEARER: 'Bearer token',
  AUTHORIZATION: 'Authorization',
  HEADERS: 'Headers',
  OAUTH: 'Connected account',
  NONE: 'None',
} as const

/** Name of a credential in a sentence. */
export const credentialName = ({ name, authorizationPreview }: Credential): string => name ?? authorizationPreview ?? 'this credential'

export const credentialColumns: readonly Column<Credential>[] = [
  { title: 'Name', cell: ({ name }) => name ?? <span className="muted">No name</span> },
  {
    title: 'Value',
    cell: ({ authType, authorizationPreview, headerNames }) => (
      <div>
        {typeNames[authType]}
        <br />
        <code className="muted">{authorizationPreview ?? headerNames.join(', ')}</code>
      </div>
    ),
  },
  {
    title: 'Last used',
    cell: ({ lastUsedAt, health }) => (
      <div>
        <Ago at={lastUsedAt} />
        <Health health={health} />
      </div>
    ),
  },
  { title: 'Ends', cell: ({ expiresAt }) => <Moment at={expiresAt} /> },
  { title: 'Status', cell: ({ status }) => <StatusTag status={status} /> },
]

/** The server's verdict on the value; nothing until there is one. */
function Health({ health: { status, lastStatus, changedAt } }: Pick<Credential, 'health'>): ReactElement | null {
  if (status === 'RECONNECT_REQUIRED')
    return (
      <>
        <br />
        <Tag tone="danger">To be connected again</Tag>
      </>
    )
  if (status !== 'OK' && status !== 'FAILING') return null
  return (
    <>
      <br />
      <Tag tone={status === 'OK' ? 'ok' : 'danger'}>{status === 'OK' ? 'Accepted' : `Refused with ${lastStatus}`}</Tag>
      {status === 'FAILING' && (
        <span className="note">
          {' since '}
          <Ago at={changedAt} />
        </span>
      )}
    </>
  )
}
