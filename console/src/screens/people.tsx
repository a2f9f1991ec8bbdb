/** People: members, invitations, and the personal tokens of everybody. */
import type { ReactElement } from 'react'
import { Link } from 'wouter'

import { useAccess } from '../access.js'
import { useFilters, useScopedPath } from '../filters.js'
import { LinkButton } from '../parts/button.js'
import { Page } from '../parts/page.js'
import { Invitations } from './invitations.js'
import { Members } from './members.js'
import { OrganizationTokens } from './organization-tokens.js'

const lists = [
  { name: '', title: 'Members', permission: 'member:read', component: Members },
  { name: 'invitations', title: 'Invitations', permission: 'member:read', component: Invitations },
  { name: 'tokens', title: 'Personal tokens', permission: 'personal_token:read', component: OrganizationTokens },
] as const

export function People(): ReactElement {
  const { get } = useFilters()
  const { can, needs } = useAccess()
  const scoped = useScopedPath()
  const visible = lists.filter(({ permission }) => can(permission))
  const current = visible.find(({ name }) => name === get('list')) ?? lists[0]
  const List = current.component
  return (
    <Page
      title="People"
      actions={
        <LinkButton to="/people/invite" variant="primary" icon="plus" isNew disabledReason={needs('member:invite')}>
          Invite
        </LinkButton>
      }
    >
      <nav aria-label="Lists of people" className="row">
        {visible.map(({ name, title }) => (
          <Link
            key={name}
            href={scoped(name === '' ? '/people' : `/people?list=${name}`)}
            aria-current={name === current.name ? 'page' : undefined}
          >
            {name === current.name ? <strong>{title}</strong> : title}
          </Link>
        ))}
      </nav>
      <List />
    </Page>
  )
}
