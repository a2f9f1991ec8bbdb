/** Role and projects of a member or an invitation, as fields of a form. */
import type { MemberRole } from '@keyhouse/client'
import { useProjects } from '@keyhouse/client/react'
import type { ReactElement } from 'react'

import { useAccess } from '../access.js'
import { Checkbox, Choices } from '../parts/form.js'
import { Loaded } from '../parts/problem.js'

export interface Membership {
  readonly role: MemberRole
  /** Ids; null: every project. */
  readonly projectIds: readonly string[] | null
}

interface MembershipFieldsProps {
  readonly membership: Membership
  readonly onChange: (membership: Membership) => void
}

export function MembershipFields({ membership: { role, projectIds }, onChange }: MembershipFieldsProps): ReactElement {
  const { can } = useAccess()
  const projects = useProjects({ enabled: can('project:read') })
  return (
    <>
      <Choices
        label="Role"
        options={[
          ['ADMIN', 'ADMIN', 'Everything, in every project'],
          ['MEMBER', 'MEMBER', 'All but people, projects, signing keys and the audit trail'],
          ['READER', 'READER', 'Reads what a MEMBER reads, changes nothing'],
        ]}
        value={role}
        onChange={(next) => onChange({ role: next, projectIds: next === 'ADMIN' ? null : projectIds })}
      />
      {role !== 'ADMIN' && (
        <Choices
          label="Projects"
          options={[
            ['all', 'Every project'],
            ['some', 'Some projects'],
          ]}
          value={projectIds === null ? 'all' : 'some'}
          onChange={(mode) => onChange({ role, projectIds: mode === 'all' ? null : [] })}
        />
      )}
      {projectIds !== null && (
        <Loaded query={projects}>
          {(rows) => (
            <div>
              {rows.map(({ id, name }) => (
                <Checkbox
                  key={id}
                  label={name}
                  checked={projectIds.includes(id)}
                  onChange={(isOn) =>
                    onChange({ role, projectIds: isOn ? [...projectIds, id] : projectIds.filter((other) => other !== id) })
                  }
                />
              ))}
            </div>
          )}
        </Loaded>
      )}
    </>
  )
}

/** Names of the projects; null: every project. */
export const projectNames = (projects: readonly { readonly name: string }[] | null): string => {
  if (projects === null) return 'Every project'
  return projects.length === 0 ? 'None' : projects.map(({ name }) => name).join(', ')
}
