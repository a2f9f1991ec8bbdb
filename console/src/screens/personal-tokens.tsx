/** Personal API tokens and sign-ins of the user: show again within 5 minutes, and revoke. */
import type { PersonalTokensResult } from '@keyhouse/client'
import { usePersonalTokens, useRevealPersonalToken, useRevokePersonalToken, useViewer } from '@keyhouse/client/react'
import { useState } from 'react'
import type { ReactElement } from 'react'

import { usePage } from '../filters.js'
import { LinkButton } from '../parts/button.js'
import { Confirm } from '../parts/dialog.js'
import { Empty } from '../parts/empty.js'
import { Menu } from '../parts/menu.js'
import { Card } from '../parts/page.js'
import { Loaded, Problem } from '../parts/problem.js'
import { SecretDialog } from '../parts/secret.js'
import { Table } from '../parts/table.js'
import type { Column } from '../parts/table.js'
import { StatusTag, Tag } from '../parts/tag.js'
import { Ago, Day, formatCountdown, Moment, useNow } from '../parts/time.js'

type Token = PersonalTokensResult['nodes'][number]

const typeNames = { FULL_ACCESS: 'Full access', RESTRICTED: 'Restricted', EPHEMERAL: 'Ephemeral', LOGIN: 'Sign-in' } as const

export function PersonalTokens(): ReactElement {
  const query = usePersonalTokens(usePage(50))
  const viewer = useViewer()
  const reveal = useRevealPersonalToken()
  const [revoked, setRevoked] = useState<Token | null>(null)
  const now = useNow(1000)
  const currentId = viewer.data?.personalToken?.id

  const actions = (token: Token): ReactElement | null => {
    const visibleMs = token.type === 'LOGIN' ? 0 : Date.parse(token.visibleUntil) - now
    if (token.status !== 'ACTIVE') return null
    return (
      <Menu
        label="Actions"
        items={[
          ...(visibleMs > 0
            ? [{ label: `Show again (${formatCountdown(visibleMs)} left)`, onSelect: () => reveal.mutate({ id: token.id }) }]
            : []),
          { label: 'Revoke', danger: true, onSelect: () => setRevoked(token) },
        ]}
      />
    )
  }
  const columns: readonly Column<Token>[] = [
    {
      title: 'Description',
      cell: ({ id, description, type }) => (
        <>
          {description ?? (type === 'LOGIN' ? 'Sign-in' : 'No description')} {id === currentId && <Tag>This session</Tag>}
        </>
      ),
    },
    { title: 'Issued', cell: ({ issuedAt }) => <Ago at={issuedAt} /> },
    { title: 'Last used', cell: ({ lastUsedOn }) => <Day at={lastUsedOn} /> },
    { title: 'Ends', cell: ({ expiresAt }) => <Moment at={expiresAt} /> },
    { title: 'Status', cell: ({ status }) => <StatusTag status={status} /> },
    { title: 'Actions', cell: actions },
  ]
  const [description, ...others] = columns
  const tokenColumns = [description!, { title: 'Type', cell: ({ type }: Token) => typeNames[type] }, ...others]
  const add = (
    <LinkButton to="/me/tokens/new" variant="primary" icon="plus" isNew>
      Add Token
    </LinkButton>
  )
  return (
    <>
      <Card title="Personal API tokens" actions={add}>
        <p className="muted">For your own programs and for agents that act as you. Each holds at most what you hold.</p>
        {reveal.error && <Problem error={reveal.error} />}
        <Loaded query={query}>
          {({ nodes, pageInfo }) => (
            <Table
              caption="Personal API tokens"
              columns={tokenColumns}
              rows={nodes.filter(({ type }) => type !== 'LOGIN')}
              rowKey={({ id }) => id}
              pageInfo={pageInfo}
              empty={<Empty title="No personal API tokens." />}
            />
          )}
        </Loaded>
      </Card>
      <Card title="Sign-ins">
        <Loaded query={query}>
          {({ nodes }) => (
            <Table
              caption="Sign-ins"
              columns={columns}
              rows={nodes.filter(({ type }) => type === 'LOGIN')}
              rowKey={({ id }) => id}
              empty={<p className="muted">No sign-in on this page of the list.</p>}
            />
          )}
        </Loaded>
      </Card>
      {reveal.data && (
        <SecretDialog
          title="Personal API token"
          secret={reveal.data.token}
          note={`It can be shown for ${formatCountdown(Date.parse(reveal.data.personalToken.visibleUntil) - now)} more.`}
          envName="KEYHOUSE_TOKEN"
          onClose={reveal.reset}
        />
      )}
      {revoked && <Revoke token={revoked} onClose={() => setRevoked(null)} />}
    </>
  )
}

interface RevokeProps {
  readonly token: Token
  readonly onClose: () => void
}

function Revoke({ token, onClose }: RevokeProps): ReactElement {
  const revoke = useRevokePersonalToken({ onSuccess: onClose })
  const name = token.description ?? typeNames[token.type].toLowerCase()
  return (
    <Confirm
      title={`Revoke ${name}?`}
      action="Revoke"
      busy={revoke.isPending}
      error={revoke.error}
      onConfirm={() => revoke.mutate({ id: token.id })}
      onClose={onClose}
    >
      <p>Requests with this token are refused from now on, everywhere. This cannot be undone.</p>
    </Confirm>
  )
}
