/** The signed-in user: profile, personal API tokens, sign-ins, theme and shortcuts. */
import type { PersonalTokensResult } from '@keyhouse/client'
import {
  usePersonalTokens,
  useRevealPersonalToken,
  useRevokeAllPersonalTokens,
  useRevokePersonalToken,
  useViewer,
} from '@keyhouse/client/react'
import { useState } from 'react'
import type { ReactElement } from 'react'

import { usePage } from '../filters.js'
import { Button, LinkButton } from '../parts/button.js'
import { Confirm } from '../parts/dialog.js'
import { Empty } from '../parts/empty.js'
import { Checkbox, Choices } from '../parts/form.js'
import { Menu } from '../parts/menu.js'
import { Card, Facts, Page } from '../parts/page.js'
import { PermissionList } from '../parts/permission-list.js'
import { Loaded, Problem } from '../parts/problem.js'
import { SecretDialog } from '../parts/secret.js'
import { Table } from '../parts/table.js'
import type { Column } from '../parts/table.js'
import { StatusTag, Tag } from '../parts/tag.js'
import { Ago, Day, formatCountdown, Moment, useNow } from '../parts/time.js'
import { areLettersOn, setLetters } from '../shortcuts.js'
import { chooseTheme, readTheme } from '../theme.js'

type Token = PersonalTokensResult['nodes'][number]

const typeNames = { FULL_ACCESS: 'Full access', RESTRICTED: 'Restricted', EPHEMERAL: 'Ephemeral', LOGIN: 'Sign-in' } as const

export function Me(): ReactElement {
  const viewer = useViewer()
  const [isEndingAll, setIsEndingAll] = useState(false)
  return (
    <Page title="You">
      <Loaded query={viewer}>
        {({ user, organization, permissions }) => (
          <Card title="Profile">
            <Facts
              rows={[
                ['Name', user?.name],
                ['E-mail', user?.email],
                ['Organization', organization.name],
                ['Permissions', <PermissionList key="permissions" permissions={permissions} />],
              ]}
            />
          </Card>
        )}
      </Loaded>
      <Tokens />
      <Preferences />
      <Card title="Sign out everywhere">
        <p>Revokes every sign-in and every personal API token of yours, in every browser and program.</p>
        <div className="row">
          <Button variant="danger" onClick={() => setIsEndingAll(true)}>
            Revoke all and sign out
          </Button>
        </div>
      </Card>
      {isEndingAll && <RevokeAll onClose={() => setIsEndingAll(false)} />}
    </Page>
  )
}

function Tokens(): ReactElement {
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

function RevokeAll({ onClose }: { readonly onClose: () => void }): ReactElement {
  const revoke = useRevokeAllPersonalTokens({ onSuccess: () => location.reload() })
  return (
    <Confirm
      title="Revoke all and sign out?"
      action="Revoke all and sign out"
      busy={revoke.isPending}
      error={revoke.error}
      onConfirm={() => revoke.mutate()}
      onClose={onClose}
    >
      <p>Your programs lose access at once. You need a new sign-in link to return.</p>
    </Confirm>
  )
}

function Preferences(): ReactElement {
  const [theme, setTheme] = useState(readTheme)
  const [hasLetters, setHasLetters] = useState(areLettersOn)
  return (
    <Card title="This browser">
      <Choices
        label="Theme"
        options={[
          ['system', 'System'],
          ['light', 'Light'],
          ['dark', 'Dark'],
        ]}
        value={theme}
        onChange={(next) => {
          chooseTheme(next)
          setTheme(next)
        }}
      />
      <Checkbox
        label="Single letters are shortcuts. Turn this off for speech input."
        checked={hasLetters}
        onChange={(isOn) => {
          setLetters(isOn)
          setHasLetters(isOn)
        }}
      />
    </Card>
  )
}
