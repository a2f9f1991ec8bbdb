/** Picker of permissions to grant. It offers what the user holds, and shows the grant as it will be sent. */
import { usePermissionDefinitions, useViewer } from '@keyhouse/client/react'
import { useState } from 'react'
import type { ReactElement } from 'react'

import { holds, resourceOf, resourcesOf } from '../holds.js'
import { Button } from './button.js'
import { Choices, Field } from './form.js'
import { PermissionGroup } from './permission-group.js'
import type { Definition } from './permission-group.js'

import classes from './form.module.css'

export interface Grant {
  readonly mode: 'all' | 'read' | 'custom'
  /** Permissions of the modes `read` and `custom`. */
  readonly permissions: readonly string[]
}

/** The grant as the input of a mutation: undefined grants all permissions of the user. */
export const grantInput = ({ mode, permissions }: Grant): readonly string[] | undefined => (mode === 'all' ? undefined : permissions)

interface PickerProps {
  readonly grant: Grant
  readonly onChange: (grant: Grant) => void
  /** An API key cannot hold the permissions of people. */
  readonly forApiKey: boolean
  /** False for grants that must be named, such as those of a RESTRICTED token. */
  readonly canBeAll?: boolean
}

/** Permissions without a checkbox: those of the reader's own services, and those of single tools, by the server's rules. */
const ownPattern = /^([a-z][a-z0-9_]*:([a-z][a-z0-9_]*|\*)|mcp_tool:[\w.-]{1,128})$/

export function PermissionPicker({ grant, onChange, forApiKey, canBeAll = true }: PickerProps): ReactElement {
  const { data: viewer } = useViewer()
  const { data: definitions = [] } = usePermissionDefinitions({ staleTime: Infinity })
  const [search, setSearch] = useState('')
  const builtIn = resourcesOf(definitions.map(({ permission }) => permission))
  const isHeld = (permission: string): boolean => holds(viewer?.permissions ?? [], permission, builtIn)
  const offered = definitions.filter(({ grantableToApiKey }) => !forApiKey || grantableToApiKey)
  const readable = offered.filter(({ permission }) => permission.endsWith(':read') && isHeld(permission))

  const setMode = (mode: Grant['mode']): void =>
    onChange({ mode, permissions: mode === 'read' ? readable.map(({ permission }) => permission) : grant.permissions })
  const setPermissions = (permissions: readonly string[]): void => onChange({ mode: 'custom', permissions })

  const words = search.toLowerCase()
  const isFound = ({ permission, title, description }: Definition): boolean =>
    `${permission} ${title} ${description}`.toLowerCase().includes(words)
  const resources = [...resourcesOf(offered.filter(isFound).map(({ permission }) => permission))]
  const ofResource = (rows: readonly Definition[], resource: string): readonly Definition[] =>
    rows.filter(({ permission }) => resourceOf(permission) === resource)
  const own = grant.permissions.filter((name) => !builtIn.has(resourceOf(name)) || (name.startsWith('mcp_tool:') && name !== 'mcp_tool:*'))
  const modes = [
    ...(canBeAll ? ([['all', 'All my permissions']] as const) : []),
    ['read', 'Read only'] as const,
    ['custom', 'Custom'] as const,
  ]
  return (
    <div className="stack">
      <Choices label="Permissions" options={modes} value={grant.mode} onChange={setMode} />
      <div className={classes['picker']}>
        {grant.mode === 'custom' ? (
          <div className="stack">
            <Field name="permissionSearch" label="Find a permission" value={search} onChange={setSearch} />
            <div className={classes['groups']}>
              {resources.map((resource) => (
                <PermissionGroup
                  key={resource}
                  resource={resource}
                  definitions={ofResource(offered, resource)}
                  isWhole={ofResource(offered, resource).length === ofResource(definitions, resource).length}
                  isFound={isFound}
                  isOpen={words !== ''}
                  granted={grant.permissions}
                  isHeld={isHeld}
                  onChange={setPermissions}
                />
              ))}
            </div>
            <OwnPermissions
              own={own}
              isHeld={isHeld}
              onAdd={(permission) => setPermissions([...new Set([...grant.permissions, permission])])}
              onRemove={(permission) => setPermissions(grant.permissions.filter((name) => name !== permission))}
            />
          </div>
        ) : (
          <p className="muted">
            {grant.mode === 'all'
              ? 'Everything that you hold now and an API key may hold. Later changes of your role do not change the key.'
              : 'Every permission of yours that only reads.'}
          </p>
        )}
        <GrantSummary grant={grant} />
      </div>
    </div>
  )
}

function GrantSummary({ grant }: { readonly grant: Grant }): ReactElement {
  const { mode, permissions } = grant
  return (
    <div className={classes['grant']} aria-live="polite">
      <p className={classes['label']}>Grant</p>
      {mode === 'all' && <p>All your permissions</p>}
      {mode !== 'all' && permissions.length === 0 && <p className="muted">None: the key can only be exchanged.</p>}
      {mode !== 'all' && (
        <ul>
          {permissions.map((permission) => (
            <li key={permission}>
              <code>{permission}</code>
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}

interface OwnProps {
  readonly own: readonly string[]
  readonly isHeld: (permission: string) => boolean
  readonly onAdd: (permission: string) => void
  readonly onRemove: (permission: string) => void
}

/** Permissions by name: of single tools, and of services for which Keyhouse carries permissions that it does not interpret. */
function OwnPermissions({ own, isHeld, onAdd, onRemove }: OwnProps): ReactElement {
  const [text, setText] = useState('')
  const permission = text.trim()
  const reason = !ownPattern.test(permission)
    ? 'Write resource:action in lower case, or mcp_tool: and the name of a tool.'
    : isHeld(permission)
      ? undefined
      : 'You do not hold this permission.'
  const add = (): void => {
    onAdd(permission)
    setText('')
  }
  return (
    <div className="stack">
      <div
        className={classes['own']}
        onKeyDown={(event) => {
          if (event.key !== 'Enter') return
          event.preventDefault()
          if (reason === undefined) add()
        }}
      >
        <Field
          name="ownPermission"
          label="Other permission"
          help="Of your own services, such as agent:read, or for one tool: mcp_tool:echo"
          value={text}
          onChange={setText}
        />
        <Button disabledReason={reason} onClick={add}>
          Add
        </Button>
      </div>
      <ul className="row" aria-label="Other permissions">
        {own.map((name) => (
          <li key={name}>
            <Button variant="quiet" icon="close" aria-label={`Remove ${name}`} onClick={() => onRemove(name)}>
              <code>{name}</code>
            </Button>
          </li>
        ))}
      </ul>
    </div>
  )
}
