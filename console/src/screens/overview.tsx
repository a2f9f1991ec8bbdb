/** Overview: what needs attention, and the first steps of a new organization. */
import { useApiKeys, useAuditEvents, useMcpCredentials, useMcpToolApprovals, useUsage } from '@keyhouse/client/react'
import type { ReactElement } from 'react'

import { useAccess } from '../access.js'
import { useScopeFilter } from '../filters.js'
import { Actor } from '../parts/actor.js'
import { Bars } from '../parts/bars.js'
import type { Bar } from '../parts/bars.js'
import { ScreenLink } from '../parts/button.js'
import { SafeText } from '../parts/json.js'
import { Card, Page } from '../parts/page.js'
import { Loaded } from '../parts/problem.js'
import { Ago, useNow } from '../parts/time.js'
import { FirstSteps } from './first-steps.js'

import classes from './overview.module.css'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const endingDays = 14
const unusedDays = 90

export function Overview(): ReactElement {
  const { can } = useAccess()
  return (
    <Page title="Overview">
      <FirstSteps />
      <div className={classes['cards']}>
        {can('mcp_approval:read') && <WaitingApprovals />}
        {can('usage:read') && <Requests />}
        {can('api_key:read') && <EndingKeys />}
        {can('audit_event:read') && <Refusals />}
        {can('mcp_credential:read') && <LapsedAccounts />}
      </div>
    </Page>
  )
}

function WaitingApprovals(): ReactElement {
  const filter = useScopeFilter()
  const query = useMcpToolApprovals({ first: 3, filter: { ...filter, status: 'PENDING' }, withTotalCount: true })
  return (
    <Card title="Waiting approvals">
      <Loaded query={query}>
        {({ totalCount, nodes }) => (
          <>
            <p className={classes['figure']}>{(totalCount ?? 0).toLocaleString()}</p>
            <ul>
              {nodes.map(({ id, tool, server }) => (
                <li key={id}>
                  <ScreenLink to={`/approvals/${id}`}>
                    <SafeText text={tool} />
                  </ScreenLink>{' '}
                  {server && (
                    <span className="muted">
                      <SafeText text={server.name} />
                    </span>
                  )}
                </li>
              ))}
            </ul>
          </>
        )}
      </Loaded>
    </Card>
  )
}

function Requests(): ReactElement {
  const filter = useScopeFilter()
  const end = Math.ceil(useNow() / hourMs) * hourMs
  const query = useUsage({
    // The console's own polls would outnumber the rest.
    filter: { ...filter, byPeople: false },
    interval: 'HOUR',
    from: new Date(end - dayMs).toISOString(),
    to: new Date(end).toISOString(),
  })
  return (
    <Card title="Requests in 24 hours">
      <Loaded query={query}>
        {(buckets) => {
          const counts = new Map(buckets.map((bucket) => [Date.parse(bucket.start), bucket]))
          const bars = Array.from({ length: 24 }, (_, index): Bar => {
            const start = end - dayMs + index * hourMs
            const bucket = counts.get(start)
            return { label: new Date(start).toISOString(), requests: bucket?.requests ?? 0, denied: bucket?.denied ?? 0 }
          })
          const sum = (name: 'requests' | 'denied'): string => bars.reduce((total, bar) => total + bar[name], 0).toLocaleString()
          return (
            <>
              <p>
                <span className={classes['figure']}>{sum('requests')}</span> of which {sum('denied')} refused
              </p>
              <Bars bars={bars} label={`Requests per hour: ${sum('requests')} in all, ${sum('denied')} refused.`} />
            </>
          )
        }}
      </Loaded>
    </Card>
  )
}

function EndingKeys(): ReactElement {
  const filter = useScopeFilter()
  // Full days, so that the query stays the same while the page is open.
  const today = Math.floor(useNow() / dayMs) * dayMs
  const expiresBefore = new Date(today + (endingDays + 1) * dayMs).toISOString()
  const unusedSince = new Date(today - unusedDays * dayMs).toISOString()
  const ending = useApiKeys({ first: 3, filter: { ...filter, statuses: ['ACTIVE'], expiresBefore }, withTotalCount: true })
  const unused = useApiKeys({ first: 1, filter: { ...filter, statuses: ['ACTIVE'], unusedSince }, withTotalCount: true })
  return (
    <Card title="API keys">
      <Loaded query={ending}>
        {({ totalCount, nodes }) => (
          <>
            <p>
              <ScreenLink
                to={`/keys?status=ACTIVE&expiresBefore=${expiresBefore}`}
              >{`${totalCount} ${totalCount === 1 ? 'ends' : 'end'} within ${endingDays} days`}</ScreenLink>
            </p>
            <ul>
              {nodes.map(({ id, label, preview, expiresAt }) => (
                <li key={id}>
                  <ScreenLink to={`/keys/${id}`}>{label ?? preview}</ScreenLink> <Ago at={expiresAt} />
                </li>
              ))}
            </ul>
          </>
        )}
      </Loaded>
      <Loaded query={unused}>
        {({ totalCount }) => (
          <p>
            <ScreenLink to={`/keys?status=ACTIVE&unusedSince=${unusedSince}`}>{`${totalCount} unused for ${unusedDays} days`}</ScreenLink>
          </p>
        )}
      </Loaded>
    </Card>
  )
}

function Refusals(): ReactElement {
  const filter = useScopeFilter()
  const query = useAuditEvents({ first: 5, filter: { ...filter, outcome: 'DENIED' } })
  return (
    <Card title="Latest refusals" actions={<ScreenLink to="/audit?outcome=DENIED">All</ScreenLink>}>
      <Loaded query={query}>
        {({ nodes }) =>
          nodes.length === 0 ? (
            <p className="muted">Nothing was refused.</p>
          ) : (
            <ul>
              {nodes.map(({ id, action, at }) => (
                <li key={id}>
                  <ScreenLink to={`/audit?event=${id}`}>{action}</ScreenLink> <Ago at={at} />
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Card>
  )
}

/** Connected accounts that are no longer renewed; nothing without one. */
function LapsedAccounts(): ReactElement | null {
  const filter = useScopeFilter()
  const { data } = useMcpCredentials({
    first: 3,
    filter: { ...filter, status: 'ACTIVE', health: 'RECONNECT_REQUIRED' },
    withTotalCount: true,
  })
  if (!data?.totalCount) return null
  return (
    <Card title="Accounts to be connected again">
      <p className={classes['figure']}>{data.totalCount.toLocaleString()}</p>
      <ul>
        {data.nodes.map(({ id, endUser, server }) => (
          <li key={id}>
            <Actor actor={endUser && { __typename: 'EndUser', ...endUser }} /> <span className="muted">{server?.name}</span>
          </li>
        ))}
      </ul>
    </Card>
  )
}
