/** Menu of actions on one object. */
import { Menu as Base } from '@base-ui/react/menu'
import type { ReactElement } from 'react'

import { Button } from './button.js'

import classes from './dialog.module.css'

export interface MenuItem {
  readonly label: string
  readonly onSelect: () => void
  readonly danger?: boolean
  /** Reason why the item does nothing, such as a missing permission. */
  readonly disabledReason?: string | undefined
}

/** A button with the given text that opens the menu. */
export function Menu({ label, items }: { readonly label: string; readonly items: readonly MenuItem[] }): ReactElement {
  return (
    <Base.Root>
      <Base.Trigger render={<Button />}>{label}</Base.Trigger>
      <Base.Portal container={document.querySelector('main')}>
        <Base.Positioner sideOffset={4} align="end">
          <Base.Popup className={classes['menu']}>
            {items.map((item) => (
              <Base.Item
                key={item.label}
                className={`${classes['item']} ${item.danger ? classes['danger'] : ''}`}
                disabled={item.disabledReason !== undefined}
                onClick={item.onSelect}
              >
                {item.label}
                {item.disabledReason !== undefined && <small>{item.disabledReason}</small>}
              </Base.Item>
            ))}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  )
}
