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
    cell: (credential) => (
      <div>
        {typeNames[credential.authType]}
        <br />
        {credential.oauthIssuer === null ? (
          <code className="muted">{credential.authorizationPreview ?? credential.headerNames.join(', ')}</code>
        ) : (
          <Account credential={credential} issuer={credential.oauthIssuer} />
        )}
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
  {
    title: 'Ends',
    cell: (credential) => (credential.authType === 'OAUTH' ? <Renewal credential={credential} /> : <Moment at={credential.expiresAt} />),
  },
  {
    title: 'Status',
    cell: (credential) =>
      needsReconnection(credential) ? <Tag tone="danger">To be connected again</Tag> : <StatusTag status={credential.status} />,
  },
]

const needsReconnection = ({ status, health }: Credential): boolean => status === 'ACTIVE' && health.status === 'RECONNECT_REQUIRED'

interface AccountProps {
  readonly credential: Credential
  readonly issuer: string
}

/** Where an account was connected, and what it may do there. */
function Account({ credential: { oauthScopes, neededScopes }, issuer }: AccountProps): ReactElement {
  return (
    <>
      <code className="muted" title={issuer}>
        {new URL(issuer).host}
      </code>
      <Scopes title="Scopes" scopes={oauthScopes} />
      <Scopes title="Missing" scopes={neededScopes} tone="warn" />
    </>
  )
}

const maxScopes = 2

interface ScopesProps {
  readonly title: string
  readonly scopes: readonly string[] | null
  readonly tone?: 'warn'
}

/** The first scopes and the number of the others; nothing without one. */
function Scopes({ title, scopes, tone }: ScopesProps): ReactElement | null {
  if (scopes === null || scopes.length === 0) return null
  const rest = scopes.length - maxScopes
  return (
    <div className="note" title={rest > 0 ? scopes.join('\n') : undefined}>
      {tone ? <Tag tone={tone}>{title}</Tag> : `${title}:`} {scopes.slice(0, maxScopes).join(', ')}
      {rest > 0 && `\u00A0+\u00A0${rest}`}
    </div>
  )
}

/** Keyhouse renews an access token when it is needed: one that expired is no fault. */
function Renewal({ credential }: { readonly credential: Credential }): ReactElement {
  const { status, accessExpiresAt } = credential
  if (status !== 'ACTIVE' || needsReconnection(credential)) return <span className="muted">Not renewed</span>
  return (
    <div>
      Renewed on use
      {accessExpiresAt !== null && (
        <div className="note">
          Access token: <Ago at={accessExpiresAt} />
        </div>
      )}
    </div>
  )
}

/** The server's verdict on the value; nothing until there is one, and while the account is to be connected again. */
function Health({ health: { status, lastStatus, changedAt } }: Pick<Credential, 'health'>): ReactElement | null {
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
