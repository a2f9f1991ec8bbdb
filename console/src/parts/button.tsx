/** Buttons and links. A button that is not allowed stays visible and says why. */
import { useId } from 'react'
import type { ComponentProps, ReactElement, ReactNode } from 'react'
import { Link } from 'wouter'

import { useScopedPath } from '../filters.js'
import { Icon } from './icons.js'
import type { IconName } from './icons.js'

import classes from './button.module.css'

type Variant = 'primary' | 'secondary' | 'danger' | 'quiet'

export interface ButtonProps extends Omit<ComponentProps<'button'>, 'disabled'> {
  readonly variant?: Variant
  readonly icon?: IconName
  /** A request is running: the button ignores presses. */
  readonly busy?: boolean
  /** Reason why the button does nothing, such as a missing permission. It is shown on hover and focus. */
  readonly disabledReason?: string | undefined
}

const classNames = (variant: Variant, isIconOnly: boolean): string =>
  [classes['button'], classes[variant], isIconOnly ? classes['icon'] : ''].join(' ')

export function Button({ variant = 'secondary', icon, busy, disabledReason, onClick, children, ...rest }: ButtonProps): ReactElement {
  const reasonId = useId()
  const isDisabled = disabledReason !== undefined || busy === true
  const button = (
    <button
      type="button"
      {...rest}
      className={classNames(variant, children === undefined)}
      // Unlike `disabled`, this keeps the button in the tab order, so that its reason can be read.
      aria-disabled={isDisabled || undefined}
      aria-busy={busy}
      aria-describedby={disabledReason === undefined ? rest['aria-describedby'] : reasonId}
      onClick={(event) => {
        if (isDisabled) event.preventDefault()
        else onClick?.(event)
      }}
    >
      {icon && <Icon name={icon} />}
      {children}
    </button>
  )
  if (disabledReason === undefined) return button
  return (
    <span className={classes['explained']}>
      {button}
      <span id={reasonId} role="tooltip" className={classes['reason']}>
        {disabledReason}
      </span>
    </span>
  )
}

export interface LinkProps {
  /** Path below /console, such as `/keys/new`. The environment and project of the current page are kept. */
  readonly to: string
  readonly className?: string | undefined
  /** The key `n` follows the link. */
  readonly isNew?: boolean
  readonly children: ReactNode
}

/** Link to another screen. */
export function ScreenLink({ to, className, isNew, children }: LinkProps): ReactElement {
  const scoped = useScopedPath()
  return (
    <Link href={scoped(to)} className={className} data-new={isNew ? '' : undefined}>
      {children}
    </Link>
  )
}

interface LinkButtonProps extends LinkProps {
  readonly variant?: Variant
  readonly icon?: IconName
  readonly disabledReason?: string | undefined
}

/** Link that looks like a button; with a reason it is a disabled button. */
export function LinkButton({ variant = 'secondary', icon, disabledReason, to, isNew = false, children }: LinkButtonProps): ReactElement {
  if (disabledReason !== undefined) {
    return (
      <Button variant={variant} {...(icon && { icon })} disabledReason={disabledReason}>
        {children}
      </Button>
    )
  }
  return (
    <ScreenLink to={to} isNew={isNew} className={classNames(variant, false)}>
      {icon && <Icon name={icon} />}
      {children}
    </ScreenLink>
  )
}
