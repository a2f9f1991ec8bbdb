/** One tool call to decide: all that is known of it, and the decision. */
import { UserErrorsError } from '@keyhouse/client'
import { operationKey, useDecideMcpToolCall, useKeyhouse } from '@keyhouse/client/react'
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useMemo, useRef, useState } from 'react'
import type { ReactElement } from 'react'

import { useAccess } from '../access.js'
import { Actor, actorName } from '../parts/actor.js'
import { Button, ScreenLink } from '../parts/button.js'
import { Field } from '../parts/form.js'
import { formatJson } from '../parts/format-json.js'
import { Json, SafeText } from '../parts/json.js'
import { Card, Facts } from '../parts/page.js'
import { Notice, Problem } from '../parts/problem.js'
import { StatusTag } from '../parts/tag.js'
import { formatCountdown, formatRelative, Moment, useNow } from '../parts/time.js'
import type { Approval } from './approval-queue.js'

/** Time for which the buttons ignore presses, so that a press meant for the previous call decides nothing. */
const sleepMs = 500
/** Longer arguments must be unfolded before they can be approved. */
const foldedLength = 1500

const chips = ['Wrong arguments', 'Not this tool', 'Ask me first'] as const

interface DetailProps {
  readonly approval: Approval
  readonly onClose: () => void
}

export function ApprovalDetail({ approval, onClose }: DetailProps): ReactElement {
  const { tool, server, endUser, status, requestedAt, requestedBy, expiresAt, reason } = approval
  const box = useRef<HTMLDivElement>(null)
  const text = useMemo(() => formatJson(approval.arguments), [approval.arguments])
  const [isUnfolded, setIsUnfolded] = useState(text.length <= foldedLength)
  useEffect(() => box.current?.focus({ preventScroll: true }), [])
  return (
    <div ref={box} tabIndex={-1}>
      <Card title="Tool call" actions={<Button variant="quiet" icon="close" aria-label="Close" onClick={onClose} />}>
        <Facts
          rows={[
            ['Requested by', <RequestingKeys key="keys" apiKeys={requestedBy} />],
            [
              'Tool',
              <code key="tool">
                <SafeText text={tool} />
              </code>,
            ],
            ['Server', server ? <ServerName key="server" server={server} /> : 'Deleted, or not visible'],
            ['End user', endUser ? <SafeText key="user" text={endUser.externalId} /> : 'None: the backend itself'],
            ['Requested', <Moment key="requested" at={requestedAt} />],
            ['Status', <StatusTag key="status" status={status} />],
            ...(status === 'PENDING' ? [['Time left', <TimeLeft key="left" until={expiresAt} />] as const] : []),
            ...(reason === null ? [] : [['Reason', <SafeText key="reason" text={reason} />] as const]),
          ]}
        />
        <h3>Arguments</h3>
        {approval.arguments === null ? (
          <p className="muted">Wiped when the approval closed.</p>
        ) : isUnfolded ? (
          <Json value={approval.arguments} label="Arguments" />
        ) : (
          <div className="row">
            <Button onClick={() => setIsUnfolded(true)}>{`Show all ${text.length.toLocaleString()} characters`}</Button>
          </div>
        )}
        {status === 'PENDING' ? <Decision approval={approval} isRead={isUnfolded} /> : <Outcome approval={approval} />}
      </Card>
    </div>
  )
}

/** A component of its own: with the whole screen it would format the arguments every second. */
function TimeLeft({ until }: { readonly until: string }): ReactElement {
  return <>{formatCountdown(Date.parse(until) - useNow(1000))}</>
}

function ServerName({ server }: { readonly server: NonNullable<Approval['server']> }): ReactElement {
  return (
    <>
      <SafeText text={server.name} /> <code className="muted">{server.serverLabel}</code>
    </>
  )
}

/** The keys in the order of their calls. The preview tells apart keys whose labels look alike. */
function RequestingKeys({ apiKeys }: { readonly apiKeys: Approval['requestedBy'] }): ReactElement {
  if (apiKeys === null) return <span className="muted">Not visible. Needs api_key:read.</span>
  return (
    <>
      {apiKeys.map(({ id, label, preview }) => (
        <div key={id}>
          <ScreenLink to={`/keys/${id}`}>{label === null ? 'No label' : <SafeText text={label} />}</ScreenLink>{' '}
          <code className="muted">{preview}</code>
        </div>
      ))}
    </>
  )
}

interface DecisionProps {
  readonly approval: Approval
  /** The arguments are shown whole. */
  readonly isRead: boolean
}

function Decision({ approval: { id }, isRead }: DecisionProps): ReactElement {
  const { needs } = useAccess()
  const [reason, setReason] = useState('')
  const [isAwake, setIsAwake] = useState(false)
  const client = useKeyhouse()
  const queryClient = useQueryClient()
  const decide = useDecideMcpToolCall({
    onError: (error) => isRaced(error) && queryClient.invalidateQueries({ queryKey: operationKey(client, 'mcpToolApprovals') }),
  })
  useEffect(() => {
    const timer = setTimeout(() => setIsAwake(true), sleepMs)
    return () => clearTimeout(timer)
  }, [])
  const submit = (decision: 'APPROVE' | 'DENY'): void => {
    if (isAwake && !decide.isPending) decide.mutate({ id, decision, ...(reason !== '' && { reason }) })
  }
  const forbidden = needs('mcp_approval:decide')
  return (
    <div className="stack">
      {decide.error && !isRaced(decide.error) && <Problem error={decide.error} focused />}
      <Field
        name="reason"
        label="Reason (optional; the agent sees it after a denial)"
        maxLength={500}
        value={reason}
        onChange={setReason}
      />
      <div className="row">
        {chips.map((chip) => (
          <Button key={chip} onClick={() => setReason(chip)}>
            {chip}
          </Button>
        ))}
      </div>
      <div className="row">
        <Button
          variant="primary"
          busy={decide.isPending}
          disabledReason={forbidden ?? (isRead ? undefined : 'Read all arguments first.')}
          onClick={() => submit('APPROVE')}
        >
          Approve once
        </Button>
        <Button variant="danger" busy={decide.isPending} disabledReason={forbidden} onClick={() => submit('DENY')}>
          Deny
        </Button>
      </div>
    </div>
  )
}

/** Somebody else decided first; the list, which is read again, shows who. */
const isRaced = (error: Error): boolean => error instanceof UserErrorsError && error.code === 'INVALID_STATE'

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' })

function Outcome({ approval: { status, decidedBy, decidedAt, expiresAt } }: Pick<DetailProps, 'approval'>): ReactElement {
  const now = useNow(1000)
  if (status === 'EXPIRED' || decidedAt === null) return <Notice>It expired without being used. The agent can call the tool again.</Notice>
  const name = decidedBy === null ? 'Somebody' : actorName(decidedBy)
  const verb = status === 'DENIED' ? 'denied' : 'approved'
  const until = clock.format(new Date(expiresAt))
  const next = {
    APPROVED: `The same call passes once until ${until}.`,
    DENIED: `The same call is refused until ${until}.`,
    USED: 'The call was made.',
  }
  return (
    <div role="status" className="stack">
      <p>{`${name} ${verb} this ${formatRelative(Date.parse(decidedAt), now)}. ${status === 'PENDING' ? '' : next[status]}`}</p>
      {decidedBy?.__typename === 'ApiKey' && <Actor actor={decidedBy} />}
    </div>
  )
}
