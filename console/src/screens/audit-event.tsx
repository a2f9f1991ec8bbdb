/** One audit event in a dialog: every field, and links to what belongs together. */
import type { ReactElement } from 'react'

import { EventActor } from '../parts/actor.js'
import { ScreenLink } from '../parts/button.js'
import { CopyButton } from '../parts/copy.js'
import { Dialog } from '../parts/dialog.js'
import { Json, SafeText } from '../parts/json.js'
import { Facts } from '../parts/page.js'
import { Loaded } from '../parts/problem.js'
import { OutcomeTag } from '../parts/tag.js'
import { Moment } from '../parts/time.js'
import { useAuditEvent } from './audit-query.js'
import type { AuditEvent } from './audit-query.js'

interface EventProps {
  readonly id: string
  /** Title of an action, such as "Create API keys". */
  readonly actionTitle: (action: string) => string
  readonly onClose: () => void
}

export function EventDialog({ id, actionTitle, onClose }: EventProps): ReactElement {
  const query = useAuditEvent(id)
  return (
    <Dialog title="Audit event" onClose={onClose}>
      <Loaded query={query} noun="Audit event">
        {(event) => <EventFacts event={event} title={actionTitle(event.action)} />}
      </Loaded>
    </Dialog>
  )
}

/** Screens of the objects with a screen of their own, by id prefix. */
const screenPaths: Readonly<Record<string, string>> = {
  key: 'keys',
  mcp_srv: 'servers',
  mcp_apr: 'approvals',
  eu: 'end-users',
  oauth_cfg: 'oauth/configurations',
}

interface SubjectLinkProps {
  readonly id: string | null
  /** Shows the type and the last digits only, for tables. */
  readonly isShort?: boolean
}

/** Id of an object, with a link where it has a screen. */
export function SubjectLink({ id, isShort = false }: SubjectLinkProps): ReactElement {
  if (id === null) return <span className="muted">None</span>
  const prefix = id.slice(0, id.lastIndexOf('_'))
  const path = Object.hasOwn(screenPaths, prefix) ? screenPaths[prefix] : undefined
  const code = <code title={id}>{isShort ? `${prefix}_…${id.slice(-6)}` : id}</code>
  return path === undefined ? code : <ScreenLink to={`/${path}/${id}`}>{code}</ScreenLink>
}

function EventFacts({ event, title }: { readonly event: AuditEvent; readonly title: string }): ReactElement {
  const { id, action, actor, actorId, at, details, endUser, endUserId, ipAddress, outcome, requestId, subjectId } = event
  return (
    <>
      <Facts
        rows={[
          ['When', <Moment key="at" at={at} />],
          [
            'Action',
            <span key="action">
              {title} <code className="muted">{action}</code>
            </span>,
          ],
          ['Outcome', <OutcomeTag key="outcome" outcome={outcome} />],
          ['By', <EventActor key="actor" actor={actor} actorId={actorId} />],
          ...(actorId === null ? [] : [['Actor id', <code key="actorId">{actorId}</code>] as const]),
          ['Subject', <SubjectLink key="subject" id={subjectId} />],
          ...(endUserId === null ? [] : [['For end user', <SafeText key="endUser" text={endUser?.externalId ?? endUserId} />] as const]),
          ['Address', ipAddress ?? 'None, or several'],
          ['Request', <code key="request">{requestId}</code>],
          ['Event', <code key="id">{id}</code>],
        ]}
      />
      <h3>Details</h3>
      <Json value={details} label="Details" />
      <div className="row">
        {actorId !== null && <ScreenLink to={`/audit?actorId=${actorId}`}>Same actor</ScreenLink>}
        {subjectId !== null && <ScreenLink to={`/audit?subjectId=${subjectId}`}>Same subject</ScreenLink>}
        <ScreenLink to={`/audit?requestId=${encodeURIComponent(requestId)}`}>Same request</ScreenLink>
        <CopyButton text={requestId} label="Copy request id" />
        <CopyButton text={JSON.stringify(event, null, 2)} label="Copy JSON" />
      </div>
    </>
  )
}
