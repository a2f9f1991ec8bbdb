/** Errors of queries and mutations in the console's words. */
import { ApiError, UserErrorsError } from '@keyhouse/client'
import type { KeyhouseError } from '@keyhouse/client'
import { useEffect, useRef } from 'react'
import type { ReactElement, ReactNode } from 'react'

import { Button } from './button.js'
import { CopyButton } from './copy.js'
import { Icon } from './icons.js'

import classes from './text.module.css'

/** Text for an error; the server's own words where the console has none better. */
export function describeError(error: Error): string {
  // Without the name of the mutation, which nobody has seen here.
  if (error instanceof UserErrorsError) return error.errors.map(({ message }) => message).join(' ')
  if (!(error instanceof ApiError)) return error.message
  switch (error.code) {
    case 'UNAUTHENTICATED':
    case 'CREDENTIAL_REVOKED':
      return 'Your session has ended. What you typed is still here.'
    case 'RATE_LIMITED':
    case 'CONCURRENCY_LIMITED':
      return `Too many requests. Try again in ${Math.ceil((error.retryAfterMs ?? 1000) / 1000)} s.`
    case 'NETWORK_ERROR':
    case 'UNAVAILABLE':
      return 'Keyhouse does not answer. Check the network, then try again.'
    case 'FORBIDDEN':
    case 'BAD_USER_INPUT':
      return error.message
    default:
      return 'The request failed. Try again, or search the log for the request id.'
  }
}

interface NoticeProps {
  readonly tone?: 'danger' | 'warn'
  readonly children: ReactNode
}

/** Boxed notice, without a live region. */
export function Notice({ tone = 'warn', children }: NoticeProps): ReactElement {
  return (
    <div className={tone === 'warn' ? `${classes['problem']} ${classes['notice']}` : classes['problem']}>
      <Icon name="warning" />
      <div className="stack">{children}</div>
    </div>
  )
}

interface ProblemProps {
  readonly error: KeyhouseError | Error
  /** Shows a button that repeats the request. */
  readonly onRetry?: () => void
  /** Moves the focus here, after a refused form. */
  readonly focused?: boolean
}

export function Problem({ error, onRetry, focused = false }: ProblemProps): ReactElement {
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (focused) box.current?.focus()
  }, [error, focused])
  const requestId = 'requestId' in error ? error.requestId : null
  return (
    <div ref={box} tabIndex={-1} role="alert" className={classes['problem']}>
      <Icon name="warning" />
      <div className="row">
        <p>{describeError(error)}</p>
        {onRetry && <Button onClick={onRetry}>Try again</Button>}
        {requestId !== null && <CopyButton variant="quiet" text={requestId} label="Copy request id" />}
      </div>
    </div>
  )
}

interface LoadedProps<T> {
  readonly query: { readonly data: T | undefined; readonly error: KeyhouseError | null; readonly refetch: () => unknown }
  readonly children: (data: NonNullable<T>) => ReactNode
  /** Noun for "… not found", such as "API key". */
  readonly noun?: string
}

/** Content of a query: its data, else its error, else a placeholder. Old data stays visible beside an error. */
export function Loaded<T>({ query, children, noun = 'Object' }: LoadedProps<T>): ReactElement {
  const { data, error } = query
  return (
    <>
      {error && <Problem error={error} onRetry={() => void query.refetch()} />}
      {data === null && <p>{noun} not found, or you have no access to it.</p>}
      {data === undefined && !error && <Skeleton />}
      {data !== undefined && data !== null && children(data)}
    </>
  )
}

export function Skeleton(): ReactElement {
  return (
    <div className="stack" role="status" aria-label="Loading">
      <div className={classes['skeleton']} />
      <div className={classes['skeleton']} />
      <div className={classes['skeleton']} />
    </div>
  )
}
