/** Members: change of role and projects, a way back in, and removal. */
import type { MembersResult } from '@keyhouse/client'
import { useMembers, useViewer } from '@keyhouse/client/react'
import { useState } from 'react'
import type { ReactElement } from 'react'

import { useAccess } from '../access.js'
import { usePage } from '../filters.js'
import { Menu } from '../parts/menu.js'
import { Loaded } from '../parts/problem.js'
import { Table } from '../parts/table.js'
import type { Column } from '../parts/table.js'
import { Tag } from '../parts/tag.js'
import { Ago } from '../parts/time.js'
import { EditMember, RemoveMember, SignInLink } from './member-actions.js'
import { projectNames } from './membership.js'

export type Member = MembersResult['nodes'][number]

const dialogs = { edit: EditMember, signIn: SignInLink, remove: RemoveMember } as const

export function Members(): ReactElement {
  const { needs } = useAccess()
  const query = useMembers(usePage(50))
  const { data: viewer } = useViewer()
  const [open, setOpen] = useState<{ readonly dialog: keyof typeof dialogs; readonly member: Member } | null>(null)
  const actions = (member: Member): ReactElement => (
    <Menu
      label="Actions"
      items={[
        {
          label: 'Change role and projects',
          disabledReason: needs('member:update'),
          onSelect: () => setOpen({ dialog: 'edit', member }),
        },
        {
          label: 'Create sign-in link',
          disabledReason: needs('member:update'),
          onSelect: () => setOpen({ dialog: 'signIn', member }),
        },
        {
          label: 'Remove',
          danger: true,
          disabledReason: needs('member:remove'),
          onSelect: () => setOpen({ dialog: 'remove', member }),
        },
      ]}
    />
  )
  const columns: readonly Column<Member>[] = [
    {
      title: 'Name',
      cell: ({ user }) => (
        <div>
          {user.name} {user.id === viewer?.user?.id && <Tag>You</Tag>}
          <br />
          <span className="muted">{user.email}</span>
        </div>
      ),
    },
    { title: 'Role', cell: ({ role }) => role },
    { title: 'Projects', cell: ({ projects }) => projectNames(projects) },
    { title: 'Joined', cell: ({ joinedAt }) => <Ago at={joinedAt} /> },
    { title: 'Actions', cell: actions },
  ]
  const Open = open === null ? null : dialogs[open.dialog]
  return (
    <>
      <Loaded query={query}>
        {({ nodes, pageInfo }) => (
          <Table caption="Members" columns={columns} rows={nodes} rowKey={({ id }) => id} pageInfo={pageInfo} empty={null} />
        )}
      </Loaded>
      {open && Open && <Open member={open.member} onClose={() => setOpen(null)} />}
    </>
  )
}
