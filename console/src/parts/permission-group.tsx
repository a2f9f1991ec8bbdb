/** Checkboxes for the permissions of one resource. */
import type { ReactElement } from 'react'

import { resourceOf } from '../holds.js'
import { Checkbox } from './form.js'

import classes from './form.module.css'

export interface Definition {
  readonly permission: string
  readonly title: string
  readonly description: string
}

interface GroupProps {
  readonly resource: string
  readonly definitions: readonly Definition[]
  /** Every permission of the resource is offered, so that `resource:*` can stand for them. */
  readonly isWhole: boolean
  /** Whether the search matches. */
  readonly isFound: (definition: Definition) => boolean
  readonly isOpen: boolean
  readonly granted: readonly string[]
  readonly isHeld: (permission: string) => boolean
  readonly onChange: (permissions: readonly string[]) => void
}

export function PermissionGroup({ resource, definitions, isWhole, isFound, isOpen, granted, isHeld, onChange }: GroupProps): ReactElement {
  const wildcard = `${resource}:*`
  const names = definitions.map(({ permission }) => permission)
  const isGranted = (name: string): boolean => granted.includes(name) || granted.includes(wildcard)
  const count = names.filter(isGranted).length
  const held = names.filter(isHeld)
  const others = granted.filter((name) => resourceOf(name) !== resource)
  const all = isWhole && held.length === names.length ? [wildcard] : held

  const toggle = (name: string, isChecked: boolean): void => {
    const next = names.filter((other) => (other === name ? isChecked : isGranted(other)))
    onChange([...others, ...(isWhole && next.length === names.length && names.length > 1 ? [wildcard] : next)])
  }
  return (
    <details className={classes['group']} open={isOpen || undefined}>
      <summary>
        <code>{resource}</code>
        <span className="note">{`${count}/${names.length}`}</span>
      </summary>
      <ul>
        {names.length > 1 && (
          <li>
            <Checkbox
              label={`All of ${resource}`}
              checked={count === names.length}
              partial={count > 0}
              disabled={held.length === 0}
              onChange={(isChecked) => onChange(isChecked ? [...others, ...all] : others)}
            />
          </li>
        )}
        {definitions.filter(isFound).map(({ permission, title, description }) => (
          <li key={permission}>
            <Checkbox
              label={
                <>
                  {title} <code className="muted">{permission}</code>
                  <span className="note"> {isHeld(permission) ? description : 'You do not hold this permission.'}</span>
                </>
              }
              checked={isGranted(permission)}
              disabled={!isHeld(permission)}
              onChange={(isChecked) => toggle(permission, isChecked)}
            />
          </li>
        ))}
      </ul>
    </details>
  )
}
