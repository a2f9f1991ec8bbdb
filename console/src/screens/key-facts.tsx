/** Facts about an API key. */
import type { ApiKeyResult } from '@keyhouse/client'
import type { ReactElement, ReactNode } from 'react'

import { Actor } from '../parts/actor.js'
import { Facts } from '../parts/page.js'
import { Ago, Moment } from '../parts/time.js'

type ApiKey = NonNullable<ApiKeyResult>

const list = (items: readonly string[] | null, none: string): ReactNode =>
  items === null || items.length === 0 ? none : <code>{items.join(', ')}</code>

function describeEndUsers({ mode, prefix, externalIds }: ApiKey['endUsers']): ReactNode {
  if (mode === 'LISTED') return list(externalIds, 'None')
  if (mode !== 'PREFIX') return mode === 'ANYONE' ? 'Every end user' : 'None'
  return (
    <>
      Those that begin with <code>{prefix}</code>
    </>
  )
}

/** A row for a time, if there is one. */
const timeRow = (name: string, at: string | null): (readonly [string, ReactNode])[] =>
  at === null ? [] : [[name, <Moment key={name} at={at} />]]

export function KeyFacts({ apiKey }: { readonly apiKey: ApiKey }): ReactElement {
  const { rateLimits, revokedAt } = apiKey
  return (
    <Facts
      rows={[
        ['Secret', <code key="secret">{apiKey.preview}</code>],
        ['Id', <code key="id">{apiKey.id}</code>],
        ['Project', apiKey.project.name],
        ['Permissions', list(apiKey.permissions, 'None: it can only be exchanged')],
        ['End users', describeEndUsers(apiKey.endUsers)],
        ['Rate limits', rateLimits.map(({ max, window }) => `${max.toLocaleString()} per ${window.toLowerCase()}`).join(', ') || 'None'],
        ['Addresses', list(apiKey.allowedIps, 'Any')],
        ['Audiences', list(apiKey.allowedAudiences, 'Any')],
        ['Last used', <Ago key="used" at={apiKey.lastUsedAt} />],
        ['Ends', <Moment key="ends" at={apiKey.expiresAt} />],
        [
          'Created',
          <span key="created">
            <Moment at={apiKey.createdAt} /> by <Actor actor={apiKey.createdBy} missing="the command line, or not visible" />
          </span>,
        ],
        ...timeRow('Rotated', apiKey.rotatedAt),
        ...timeRow('Old secret works until', apiKey.previousSecretExpiresAt),
        ...timeRow('Suspended', apiKey.suspendedAt),
        ...(revokedAt === null
          ? []
          : [
              [
                'Revoked',
                <span key="revoked">
                  <Moment at={revokedAt} /> by <Actor actor={apiKey.revokedBy} />
                </span>,
              ] as const,
            ]),
      ]}
    />
  )
}
