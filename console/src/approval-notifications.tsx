/** Desktop notifications of new approvals: off until somebody presses the button, and without the call's tool and arguments. */
import { useMcpToolApprovals } from '@keyhouse/client/react'
import { useEffect, useRef, useState, useSyncExternalStore } from 'react'
import type { ReactElement } from 'react'
import { useLocation } from 'wouter'

import { useScopedPath, useScopeFilter } from './filters.js'
import { Button } from './parts/button.js'
import { showHidden } from './parts/hidden-characters.js'

const storageName = 'keyhouse-notifications'
const pollMs = 15_000
const pageSize = 20

const isSupported = 'Notification' in window
const listeners = new Set<() => void>()

const isOn = (): boolean => isSupported && Notification.permission === 'granted' && localStorage.getItem(storageName) === 'on'

function choose(choice: 'on' | 'off'): void {
  localStorage.setItem(storageName, choice)
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Turns notifications on and off. The browser asks for its permission when they are turned on. */
export function NotificationButton(): ReactElement | null {
  const hasNotifications = useSyncExternalStore(subscribe, isOn)
  const [isBlocked, setIsBlocked] = useState(isSupported && Notification.permission === 'denied')
  if (!isSupported) return null
  async function turnOn(): Promise<void> {
    const permission = await Notification.requestPermission()
    setIsBlocked(permission === 'denied')
    if (permission === 'granted') choose('on')
  }
  if (hasNotifications) return <Button onClick={() => choose('off')}>Turn off notifications</Button>
  return (
    <Button
      disabledReason={isBlocked ? 'The browser blocks notifications of this page. Allow them in its settings.' : undefined}
      onClick={() => void turnOn()}
    >
      Turn on notifications
    </Button>
  )
}

/** Notifies of approvals that are requested while the page is open, also in the background. */
export function ApprovalNotifications(): ReactElement | null {
  const filter = useScopeFilter()
  const hasNotifications = useSyncExternalStore(subscribe, isOn)
  return hasNotifications ? <Notifier key={JSON.stringify(filter)} filter={filter} /> : null
}

function Notifier({ filter }: { readonly filter: ReturnType<typeof useScopeFilter> }): null {
  const scoped = useScopedPath()
  const [, navigate] = useLocation()
  const { data } = useMcpToolApprovals(
    { first: pageSize, filter: { ...filter, status: 'PENDING' } },
    { refetchInterval: pollMs, refetchIntervalInBackground: true },
  )
  /** Null before the first answer, whose approvals are not new. */
  const seen = useRef<{ readonly ids: Set<string>; readonly since: string } | null>(null)
  useEffect(() => {
    if (!data) return
    const { ids, since } = (seen.current ??= { ids: new Set(data.nodes.map(({ id }) => id)), since: data.nodes[0]?.requestedAt ?? '' })
    // An earlier approval comes onto the page when others close.
    const added = data.nodes.filter(({ id, requestedAt }) => requestedAt >= since && !ids.has(id))
    const [first] = added
    if (!first) return
    for (const { id } of added) ids.add(id)
    const servers = new Set(added.map(({ server }) => server?.name ?? 'Deleted server'))
    notify(
      added.length === 1 ? '1 tool call waits for approval' : `${added.length} tool calls wait for approval`,
      // The agent chooses the tool's name and the arguments: neither may speak to a person outside of the console.
      showHidden([...servers].join(', ')),
      first.id,
      () => navigate(scoped(added.length === 1 ? `/approvals/${first.id}` : '/approvals')),
    )
  })
  return null
}

/** @param tag a notification of another tab with the same tag is replaced */
function notify(title: string, body: string, tag: string, onClick: () => void): void {
  try {
    const notification = new Notification(title, { body, tag })
    notification.addEventListener('click', () => {
      window.focus()
      notification.close()
      onClick()
    })
  } catch {
    // Chrome on Android leaves notifications to service workers, and throws here.
  }
}
