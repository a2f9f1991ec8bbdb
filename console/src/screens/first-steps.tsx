/** First steps of a new organization, derived from its data. Hidden when all are done, or dismissed. */
import { useAccessTokens, useApiKeys, useInvitations, useMcpServers, useMembers, useViewer } from '@keyhouse/client/react'
import { lazy, Suspense, useState } from 'react'
import type { ReactElement, ReactNode } from 'react'

import { useAccess, useNeedsInProject } from '../access.js'
import { curlCommand, exchangeMutation, viewerQuery } from '../commands.js'
import { Button, ScreenLink } from '../parts/button.js'
import { CopyText } from '../parts/copy.js'
import { Icon } from '../parts/icons.js'
import { Card } from '../parts/page.js'
import { Skeleton } from '../parts/problem.js'
import { Ago } from '../parts/time.js'
import { useSession } from '../session-context.js'

import classes from './overview.module.css'

const storageName = 'keyhouse-first-steps'
const pollMs = 3000
/** Loaded for a new organization only: forms would delay the first paint of the overview. */
const Names = lazy(async () => ({ default: (await import('./names.js')).Names }))
/** Name that the first start gives, as in src/commands/first-start.ts. */
const initialName = 'My organization'

export function FirstSteps(): ReactElement | null {
  const [isDismissed, setIsDismissed] = useState(() => localStorage.getItem(storageName) === 'dismissed')
  const needs = useNeedsInProject()
  if (isDismissed || needs('api_key:create') !== undefined) return null
  const dismiss = (): void => {
    localStorage.setItem(storageName, 'dismissed')
    setIsDismissed(true)
  }
  return <Steps onDismiss={dismiss} />
}

function Steps({ onDismiss }: { readonly onDismiss: () => void }): ReactElement | null {
  const { url } = useSession()
  const { can } = useAccess()
  const { data: viewer } = useViewer()
  const used = useApiKeys(
    { first: 1, orderBy: { field: 'LAST_USED_AT', direction: 'DESC' } },
    { refetchInterval: ({ state }) => (state.data?.nodes[0]?.lastUsedAt ? false : pollMs) },
  )
  const tokens = useAccessTokens(
    { first: 1 },
    { refetchInterval: ({ state }) => (state.data && state.data.nodes.length > 0 ? false : pollMs) },
  )
  const servers = useMcpServers({ first: 1 })
  const members = useMembers({ first: 2 })
  const invitations = useInvitations({ first: 1 })
  if (!viewer?.user || !used.data || !tokens.data || !servers.data || !members.data || !invitations.data) return null

  const lastUsedAt = used.data.nodes[0]?.lastUsedAt ?? null
  const hasTokens = tokens.data.nodes.length > 0
  const hasServers = servers.data.nodes.length > 0
  const hasPeople = members.data.nodes.length > 1 || invitations.data.nodes.length > 0
  // Somebody who may not rename the organization has nothing to do here.
  const isNamed = viewer.organization.name !== initialName || !can('organization:update')
  if (isNamed && lastUsedAt !== null && hasTokens && hasServers && hasPeople) return null
  return (
    <Card
      title="First steps"
      actions={
        <Button variant="quiet" onClick={onDismiss}>
          Dismiss
        </Button>
      }
    >
      <ol className={classes['steps']}>
        <Step title="Name the organization and yourself" isDone={isNamed}>
          <Suspense fallback={<Skeleton />}>
            <Names viewerName={viewer.user.name} organizationName={viewer.organization.name} />
          </Suspense>
        </Step>
        <Step
          title="Send a request with an API key"
          isDone={lastUsedAt !== null}
          result={
            <p className={classes['done']}>
              Seen <Ago at={lastUsedAt} />
            </p>
          }
        >
          <p>
            <ScreenLink to="/keys/new">Create a key</ScreenLink>, put its secret into KEYHOUSE_API_KEY, and run this:
          </p>
          <CopyText text={curlCommand(url, viewerQuery)} label="First request" />
        </Step>
        <Step title="Exchange the key for an access token" isDone={hasTokens}>
          <p>A short-lived JWT for one of your end users. The key needs no permission for it.</p>
          <CopyText text={curlCommand(url, exchangeMutation)} label="Exchange" />
        </Step>
        <Step title="Register an MCP server and test it" isDone={hasServers}>
          <p>
            Agents reach it through the gateway. <ScreenLink to="/servers">MCP servers</ScreenLink>
          </p>
        </Step>
        <Step title="Invite somebody" isDone={hasPeople}>
          <p>
            A second ADMIN can let you in again. <ScreenLink to="/people">People</ScreenLink>
          </p>
        </Step>
      </ol>
    </Card>
  )
}

interface StepProps {
  readonly title: string
  readonly isDone: boolean
  /** Shown when the step is done. */
  readonly result?: ReactNode
  /** Shown until the step is done. */
  readonly children: ReactNode
}

function Step({ title, isDone, result, children }: StepProps): ReactElement {
  return (
    <li className={classes['step']}>
      {isDone ? (
        <span className={classes['done']}>
          <Icon name="check" size={20} />
        </span>
      ) : (
        <span className={classes['mark']} />
      )}
      <div className={classes['step-text']}>
        <h3>
          {title}
          {isDone && <span className="visually-hidden"> (done)</span>}
        </h3>
        {isDone ? result : children}
      </div>
    </li>
  )
}
