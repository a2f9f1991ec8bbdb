/** Placeholder of a list without rows: says so, and offers the next step. */
import type { ReactElement, ReactNode } from 'react'

import classes from './text.module.css'

export function Empty({ title, children }: { readonly title: string; readonly children?: ReactNode }): ReactElement {
  return (
    <div className={classes['empty']}>
      <h2>{title}</h2>
      {children}
    </div>
  )
}
