/** Frame of a screen: title, actions and content; and cards and facts inside it. */
import { useEffect, useId, useRef } from 'react'
import type { ReactElement, ReactNode } from 'react'

import classes from './text.module.css'

interface PageProps {
  readonly title: string
  /** Replaces the title in the browser's tab. */
  readonly documentTitle?: string
  /** Beside the title: tags, or the id. */
  readonly note?: ReactNode
  readonly actions?: ReactNode
  readonly children: ReactNode
}

/** Sets the document's title and moves the focus to the heading, so that screen readers announce the new screen. */
export function Page({ title, documentTitle, note, actions, children }: PageProps): ReactElement {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = `${documentTitle ?? title} · Keyhouse`
  }, [documentTitle, title])
  useEffect(() => heading.current?.focus({ preventScroll: true }), [])
  return (
    <div className="stack">
      <div className={classes['page-header']}>
        <div className="row">
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {note}
        </div>
        {actions !== undefined && (
          <div className="row" data-align="end">
            {actions}
          </div>
        )}
      </div>
      {children}
    </div>
  )
}

interface CardProps {
  readonly title: string
  readonly actions?: ReactNode
  readonly children: ReactNode
}

export function Card({ title, actions, children }: CardProps): ReactElement {
  const id = useId()
  return (
    <section className={classes['card']} aria-labelledby={id}>
      <div className="row row-between">
        <h2 id={id}>{title}</h2>
        {actions !== undefined && (
          <div className="row" data-align="end">
            {actions}
          </div>
        )}
      </div>
      {children}
    </section>
  )
}

/** Pairs of a name and a value. */
export function Facts({ rows }: { readonly rows: readonly (readonly [string, ReactNode])[] }): ReactElement {
  return (
    <dl className={classes['facts']}>
      {rows.map(([name, value]) => (
        <FactRow key={name} name={name} value={value} />
      ))}
    </dl>
  )
}

function FactRow({ name, value }: { readonly name: string; readonly value: ReactNode }): ReactElement {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  )
}
