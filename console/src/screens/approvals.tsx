/** Approvals of tool calls: the queue on the left, the chosen call on the right. */
import { useMcpToolApprovals } from '@keyhouse/client/react'
import { useEffect, useRef, useState } from 'react'
import type { ReactElement } from 'react'
import { useLocation } from 'wouter'

import { NotificationButton } from '../approval-notifications.js'
import { useScopedPath, useScopeFilter } from '../filters.js'
import { Button, ScreenLink } from '../parts/button.js'
import { Empty } from '../parts/empty.js'
import { SafeText } from '../parts/json.js'
import { Page } from '../parts/page.js'
import { Problem, Skeleton } from '../parts/problem.js'
import { StatusTag } from '../parts/tag.js'
import { formatCountdown, formatRelative, useNow } from '../parts/time.js'
import type { ScreenProps } from '../screens.js'
import { areLettersOn } from '../shortcuts.js'
import { ApprovalDetail } from './approval-detail.js'
import { mergeQueue } from './approval-queue.js'
import type { Approval } from './approval-queue.js'

import classes from './approvals.module.css'

const pollMs = 5000
const historySize = 20

export function Approvals({ params }: ScreenProps): ReactElement {
  const filter = useScopeFilter()
  const polling = { refetchInterval: pollMs }
  // The last are the first to expire: a flood of calls does not hide those before it.
  const pending = useMcpToolApprovals({ last: 100, filter: { ...filter, status: 'PENDING' } }, polling)
  const history = useMcpToolApprovals({ first: historySize, filter }, polling)
  const error = pending.error ?? history.error
  const count = pending.data?.nodes.length ?? 0
  return (
    <Page title="Approvals" actions={<NotificationButton />} {...(count > 0 && { documentTitle: `(${count}) Approvals` })}>
      {error && <Problem error={error} onRetry={() => void Promise.all([pending.refetch(), history.refetch()])} />}
      {pending.data && history.data ? (
        <Queue key={JSON.stringify(filter)} pending={pending.data.nodes} recent={history.data.nodes} chosenId={params['id']} />
      ) : (
        !error && <Skeleton />
      )}
    </Page>
  )
}

interface QueueProps {
  readonly pending: readonly Approval[]
  /** The latest approvals of every status. */
  readonly recent: readonly Approval[]
  readonly chosenId: string | undefined
}

const decidedIds = (recent: readonly Approval[]): string[] => recent.filter(({ status }) => status !== 'PENDING').map(({ id }) => id)

/** Rows stay where they are. New ones are counted, and shown when asked for, so that none moves what is under the pointer. */
function Queue({ pending, recent, chosenId }: QueueProps): ReactElement {
  const [shownIds, setShownIds] = useState<readonly string[]>(() => mergeQueue([], pending))
  const [latestIds, setLatestIds] = useState<readonly string[]>(() => decidedIds(recent))
  const [, navigate] = useLocation()
  const scoped = useScopedPath()
  const known = new Map([...recent, ...pending].map((approval) => [approval.id, approval]))
  const rowsOf = (ids: readonly string[]): Approval[] => ids.flatMap((id) => known.get(id) ?? [])
  const shown = rowsOf(shownIds)
  const latest = rowsOf(latestIds)
  const added = [...known.keys()].filter((id) => !shownIds.includes(id) && !latestIds.includes(id)).length
  const chosen = chosenId === undefined ? undefined : known.get(chosenId)
  useListKeys()
  useReturnOfFocus(chosenId)

  const showAdded = (): void => {
    setShownIds(mergeQueue(shownIds, pending))
    setLatestIds(decidedIds(recent).filter((id) => !shownIds.includes(id)))
  }
  const isEmpty = shown.length === 0 && latest.length === 0
  useEffect(() => {
    if (!isEmpty) return
    setShownIds(mergeQueue([], pending))
    setLatestIds(decidedIds(recent))
  }, [isEmpty, pending, recent])

  return (
    <div className={classes['columns']} data-chosen={chosen ? '' : undefined}>
      <div className="stack">
        <div className={classes['heading']}>
          <h2>Pending</h2>
          {added > 0 && <Button onClick={showAdded}>{`Show ${added} new`}</Button>}
        </div>
        {shown.length === 0 ? (
          <Empty title={added === 0 ? 'No pending approvals.' : 'No other pending approvals.'}>
            <p className="muted">A tool call of a server with the policy ALWAYS waits here for 10 minutes.</p>
          </Empty>
        ) : (
          <ApprovalList label="Pending approvals" approvals={shown} chosenId={chosenId} />
        )}
        {latest.length > 0 && (
          <>
            <h2>Latest</h2>
            <ApprovalList label="Latest approvals" approvals={latest} chosenId={chosenId} />
          </>
        )}
      </div>
      <div>
        {chosen && <ApprovalDetail key={chosen.id} approval={chosen} onClose={() => navigate(scoped('/approvals'))} />}
        {!chosen && chosenId !== undefined && <p>Approval not found among the latest, or you have no access to it.</p>}
        {chosenId === undefined && shown.length > 0 && <p className="muted">Choose a call to read its arguments.</p>}
      </div>
    </div>
  )
}

interface ListProps {
  readonly label: string
  readonly approvals: readonly Approval[]
  readonly chosenId: string | undefined
}

function ApprovalList({ label, approvals, chosenId }: ListProps): ReactElement {
  const now = useNow(1000)
  return (
    <ul aria-label={label} className={classes['list']}>
      {approvals.map(({ id, tool, server, endUser, status, expiresAt, requestedAt }) => (
        <li key={id} id={id} aria-current={id === chosenId ? 'true' : undefined}>
          <ScreenLink to={`/approvals/${id}`}>
            <span className="row row-between">
              <code>
                <SafeText text={tool} />
              </code>
              {status === 'PENDING' ? <span>{formatCountdown(Date.parse(expiresAt) - now)} left</span> : <StatusTag status={status} />}
            </span>
            <span className="note">
              <SafeText text={server?.name ?? 'Deleted server'} />
              {endUser && (
                <>
                  {' · for '}
                  <SafeText text={endUser.externalId} />
                </>
              )}
              {' · '}
              {formatRelative(Date.parse(requestedAt), now)}
            </span>
          </ScreenLink>
        </li>
      ))}
    </ul>
  )
}

/** Closing a call returns the focus to its row. */
function useReturnOfFocus(chosenId: string | undefined): void {
  const lastId = useRef(chosenId)
  useEffect(() => {
    if (chosenId === undefined && lastId.current !== undefined) document.getElementById(lastId.current)?.querySelector('a')?.focus()
    lastId.current = chosenId
  }, [chosenId])
}

/** `j` and `k` move through the list; Enter opens, as for every link. Nothing decides by a single key. */
function useListKeys(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const step = { j: 1, k: -1 }[event.key]
      const target = event.target as HTMLElement
      const isTyping = /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)
      if (step === undefined || isTyping || event.ctrlKey || event.metaKey || event.altKey || !areLettersOn()) return
      const links = [...document.querySelectorAll<HTMLElement>(`.${classes['list']} a`)]
      const focused = links.indexOf(document.activeElement as HTMLElement)
      const index = focused >= 0 ? focused : links.findIndex((link) => link.closest('[aria-current]'))
      links[Math.min(links.length - 1, Math.max(0, index + step))]?.focus()
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [])
}
