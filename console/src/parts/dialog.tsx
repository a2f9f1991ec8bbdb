/** Modal dialogs, rendered inside `<main>` so that they belong to a landmark. */
import { Dialog as Base } from '@base-ui/react/dialog'
import { useRef, useState } from 'react'
import type { ReactElement, ReactNode } from 'react'

import { Button } from './button.js'
import { Field } from './form.js'
import { Problem } from './problem.js'

import classes from './dialog.module.css'

interface DialogProps {
  readonly title: string
  readonly onClose: () => void
  readonly children: ReactNode
  /** False: Escape and presses outside do nothing, and there is no close button. */
  readonly dismissible?: boolean
}

/** A dialog that is open while it is rendered. */
export function Dialog({ title, onClose, children, dismissible = true }: DialogProps): ReactElement {
  const popup = useRef<HTMLDivElement>(null)
  // A text field before the close button, which is first in the dialog.
  const initialFocus = (): HTMLElement | true => popup.current?.querySelector<HTMLElement>('input:not([type=radio]), textarea') ?? true
  return (
    <Base.Root open disablePointerDismissal={!dismissible} onOpenChange={(open) => !open && dismissible && onClose()}>
      <Base.Portal container={document.querySelector('main')}>
        <Base.Backdrop className={classes['backdrop']} />
        <Base.Viewport className={classes['viewport']}>
          <Base.Popup ref={popup} initialFocus={initialFocus} className={classes['popup']}>
            <div className="row row-between">
              <Base.Title className={classes['title']}>{title}</Base.Title>
              {dismissible && <Base.Close render={<Button variant="quiet" icon="close" aria-label="Close" />} />}
            </div>
            {children}
          </Base.Popup>
        </Base.Viewport>
      </Base.Portal>
    </Base.Root>
  )
}

interface ConfirmProps {
  readonly title: string
  /** Consequences, with numbers. */
  readonly children: ReactNode
  /** Verb of the button, such as "Revoke". */
  readonly action: string
  /** Text that the user must type, such as the label of the object. */
  readonly typed?: string
  readonly busy: boolean
  readonly error: Error | null
  readonly onConfirm: () => void
  readonly onClose: () => void
}

/** Dialog that asks before something that cannot be undone. */
export function Confirm({ title, children, action, typed, busy, error, onConfirm, onClose }: ConfirmProps): ReactElement {
  const [text, setText] = useState('')
  const isTyped = typed === undefined || text === typed
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault()
          if (isTyped && !busy) onConfirm()
        }}
      >
        {error && <Problem error={error} focused />}
        {children}
        {typed !== undefined && <Field name="confirmation" label={`Type ${typed} to confirm`} value={text} onChange={setText} />}
        <div className={classes['actions']} data-align="end">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="danger" busy={busy} disabledReason={isTyped ? undefined : `Type ${typed} first.`}>
            {action}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
