/** Invitations and their state. */
import type { InvitationsResult } from '@keyhouse/client'
import { useInvitations, useRevokeInvitation } from '@keyhouse/client/react'
import { useState } from 'react'
import type { ReactElement } from 'react'

import { useAccess } from '../access.js'
import { usePage } from '../filters.js'
import { Button } from '../parts/button.js'
import { Confirm } from '../parts/dialog.js'
import { Empty } from '../parts/empty.js'
import { Loaded } from '../parts/problem.js'
import { Table } from '../parts/table.js'
import type { Column } from '../parts/table.js'
import { Tag } from '../parts/tag.js'
import { Ago, Moment, useNow } from '../parts/time.js'
import { projectNames } from './membership.js'

type Invitation = InvitationsResult['nodes'][number]

function stateOf({ acceptedAt, revokedAt, expiresAt }: Invitation, now: number): 'Accepted' | 'Revoked' | 'Expired' | 'Waiting' {
  if (acceptedAt !== null) return 'Accepted'
  if (revokedAt !== null) return 'Revoked'
  return Date.parse(expiresAt) <= now ? 'Expired' : 'Waiting'
}

const tones = { Accepted: 'ok', Revoked: 'danger', Expired: 'neutral', Waiting: 'warn' } as const

export function Invitations(): ReactElement {
  const { needs } = useAccess()
  const query = useInvitations(usePage(50))
  const now = useNow()
  const [revoked, setRevoked] = useState<Invitation | null>(null)
  const columns: readonly Column<Invitation>[] = [
    { title: 'E-mail', cell: ({ email }) => email },
    { title: 'Role', cell: ({ role }) => role },
    { title: 'Projects', cell: ({ projects }) => projectNames(projects) },
    { title: 'Invited by', cell: ({ invitedBy }) => invitedBy?.name ?? <span className="muted">Not visible</span> },
    { title: 'Invited', cell: ({ createdAt }) => <Ago at={createdAt} /> },
    { title: 'Ends', cell: ({ expiresAt }) => <Moment at={expiresAt} /> },
    {
      title: 'Status',
      cell: (invitation) => {
        const state = stateOf(invitation, now)
        return <Tag tone={tones[state]}>{state}</Tag>
      },
    },
    {
      title: 'Actions',
      cell: (invitation) =>
        stateOf(invitation, now) === 'Waiting' && (
          <Button disabledReason={needs('member:invite')} onClick={() => setRevoked(invitation)}>
            Revoke
          </Button>
        ),
    },
  ]
  return (
    <>
      <Loaded query={query}>
        {({ nodes, pageInfo }) => (
          <Table
            caption="Invitations"
            columns={columns}
            rows={nodes}
            rowKey={({ id }) => id}
            pageInfo={pageInfo}
            empty={<Empty title="No invitations." />}
          />
        )}
      </Loaded>
      {revoked && <Revoke invitation={revoked} onClose={() => setRevoked(null)} />}
    </>
  )
}

interface RevokeProps {
  readonly invitation: Invitation
  readonly onClose: () => void
}

function Revoke({ invitation: { id, email }, onClose }: RevokeProps): ReactElement {
  const revoke = useRevokeInvitation({ onSuccess: onClose })
  return (
    <Confirm
      title={`Revoke the invitation of ${email}?`}
      action="Revoke"
      busy={revoke.isPending}
      error={revoke.error}
      onConfirm={() => revoke.mutate({ id })}
      onClose={onClose}
    >
      <p>Its link is refused from now on. You can invite the person again.</p>
    </Confirm>
  )
}
