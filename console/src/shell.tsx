/** Frame of every screen: sidebar, top bar with environment and project, and notices about the session. */
import { useMcpToolApprovals, useProjects, useViewer } from '@keyhouse/client/react'
import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import type { ReactElement, ReactNode } from 'react'
import { useLocation } from 'wouter'

import { useAccess } from './access.js'
import { ApprovalNotifications } from './approval-notifications.js'
import { useFilters, useScope, useScopeFilter } from './filters.js'
import { Button, ScreenLink } from './parts/button.js'
import { Icon } from './parts/icons.js'
import { Problem, Skeleton } from './parts/problem.js'
import { screens } from './screens.js'
import type { Screen } from './screens.js'
import { endSession, onSessionEnd } from './session.js'
import { useShortcuts } from './shortcuts.js'

import classes from './shell.module.css'

const SessionNotices = lazy(async () => ({ default: (await import('./session-notices.js')).SessionNotices }))
const Palette = lazy(async () => ({ default: (await import('./parts/palette.js')).Palette }))

const approvalPollMs = 15_000

interface ShellProps {
  /** Reads the session again, after it ended or was replaced. */
  readonly onSessionChange: () => Promise<void>
  readonly children: ReactNode
}

export function Shell({ onSessionChange, children }: ShellProps): ReactElement {
  const viewer = useViewer()
  const { environment } = useScope()
  const [hasEnded, setHasEnded] = useState(false)
  const [isPaletteOpen, setIsPaletteOpen] = useState(false)
  useEffect(() => onSessionEnd(() => setHasEnded(true)), [])
  useShortcuts(() => setIsPaletteOpen(true))

  return (
    <div className={classes['shell']} data-environment={environment ?? undefined}>
      <a href="#main" className={classes['skip']} onClick={skipToMain}>
        Skip to content
      </a>
      <Sidebar />
      <div className={classes['column']}>
        <TopBar onPalette={() => setIsPaletteOpen(true)} onSessionChange={onSessionChange} />
        <main id="main" tabIndex={-1} className={classes['main']}>
          {viewer.error && <Problem error={viewer.error} />}
          <Suspense fallback={null}>
            <SessionNotices
              hasEnded={hasEnded}
              onContinue={async () => {
                setHasEnded(false)
                await onSessionChange()
              }}
            />
            {isPaletteOpen && <Palette onClose={() => setIsPaletteOpen(false)} />}
          </Suspense>
          {viewer.data ? children : !viewer.error && <Skeleton />}
        </main>
      </div>
    </div>
  )
}

/** Moves the focus without a fragment in the URL. */
function skipToMain(event: { preventDefault: () => void }): void {
  event.preventDefault()
  document.querySelector<HTMLElement>('#main')?.focus()
}

const groups = [undefined, 'Access', 'MCP', 'Insight', 'Organization'] as const

function Sidebar(): ReactElement {
  const { can } = useAccess()
  const [location] = useLocation()
  const nav = useRef<HTMLElement>(null)
  const visible = screens.filter(({ title, permission }) => title !== null && (permission === undefined || can(permission)))
  // On narrow screens it is a scrolling bar, whose current item may be outside.
  useEffect(() => {
    nav.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' })
  }, [location, visible.length])
  return (
    <nav ref={nav} aria-label="Screens" className={classes['sidebar']}>
      <p className={classes['brand']}>
        <Icon name="key" size={18} />
        Keyhouse
      </p>
      {groups.map((group) => {
        const rows = visible.filter((screen) => screen.group === group)
        return rows.length === 0 ? null : (
          <div key={group ?? ''} className={classes['group']}>
            {group && <h2>{group}</h2>}
            <ul>
              {rows.map((screen) => (
                <SidebarItem key={screen.path} screen={screen} />
              ))}
            </ul>
          </div>
        )
      })}
    </nav>
  )
}

function SidebarItem({ screen: { path, title, icon } }: { readonly screen: Screen }): ReactElement {
  const [location] = useLocation()
  const isCurrent = path === '/' ? location === '/' : location === path || location.startsWith(`${path}/`)
  return (
    <li aria-current={isCurrent ? 'page' : undefined}>
      <ScreenLink to={path}>
        {icon && <Icon name={icon} />}
        {title}
        {path === '/approvals' && <ApprovalCount />}
      </ScreenLink>
      {path === '/approvals' && <ApprovalNotifications />}
    </li>
  )
}

/** Number of pending approvals in the scope. */
function ApprovalCount(): ReactElement | null {
  const filter = useScopeFilter()
  const { data } = useMcpToolApprovals(
    { first: 1, filter: { ...filter, status: 'PENDING' }, withTotalCount: true },
    { refetchInterval: approvalPollMs },
  )
  const count = data?.totalCount ?? 0
  if (count === 0) return null
  return (
    <span className={classes['count']}>
      {count}
      <span className="visually-hidden"> pending</span>
    </span>
  )
}

interface TopBarProps {
  readonly onPalette: () => void
  readonly onSessionChange: () => Promise<void>
}

function TopBar({ onPalette, onSessionChange }: TopBarProps): ReactElement {
  const { data: viewer } = useViewer()
  const { can } = useAccess()
  const { set } = useFilters()
  const { environment, projectId } = useScope()
  const { data: projects = [] } = useProjects({ enabled: can('project:read') })
  async function signOut(): Promise<void> {
    // The key is forgotten here in any case; without an answer, the token ends with its 12 hours.
    await endSession().catch(() => undefined)
    await onSessionChange()
  }
  return (
    <header className={classes['bar']}>
      <p className={classes['organization']}>{viewer?.organization.name}</p>
      <select aria-label="Environment" value={environment ?? ''} onChange={(event) => set({ environment: event.target.value })}>
        <option value="">Both environments</option>
        <option value="SANDBOX">Sandbox</option>
        <option value="PRODUCTION">Production</option>
      </select>
      {projects.length > 1 && (
        <select aria-label="Project" value={projectId ?? ''} onChange={(event) => set({ project: event.target.value })}>
          <option value="">All projects</option>
          {projects.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      )}
      <div className={classes['account']}>
        <Button variant="quiet" icon="search" aria-label="Search and commands" aria-keyshortcuts="Control+K" onClick={onPalette} />
        <ScreenLink to="/me">{viewer?.user?.name}</ScreenLink>
        <Button variant="quiet" icon="signOut" aria-label="Sign out" onClick={() => void signOut()} />
      </div>
    </header>
  )
}
