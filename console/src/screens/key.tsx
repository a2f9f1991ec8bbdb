/** One API key: facts, usage, tokens and events; edit, rotate and revoke. */
import type { ApiKeyResult } from '@keyhouse/client'
import { useApiKey } from '@keyhouse/client/react'
import { useState } from 'react'
import type { ReactElement } from 'react'

import { useAccess } from '../access.js'
import { curlCommand, viewerQuery } from '../commands.js'
import { Actor } from '../parts/actor.js'
import { Button, LinkButton } from '../parts/button.js'
import { CopyText } from '../parts/copy.js'
import { Empty } from '../parts/empty.js'
import { Card, Facts, Page } from '../parts/page.js'
import { Loaded } from '../parts/problem.js'
import { EnvironmentTag, StatusTag } from '../parts/tag.js'
import { Ago, Moment } from '../parts/time.js'
import type { ScreenProps } from '../screens.js'
import { useSession } from '../session-context.js'
import { RevokeKey, RotateKey } from './key-actions.js'
import { KeyEvents, KeyTokens, KeyUsage } from './key-activity.js'

type ApiKey = NonNullable<ApiKeyResult>

export function Key({ params }: ScreenProps): ReactElement {
  const query = useApiKey({ id: params['id']! })
  const [dialog, setDialog] = useState<'rotate' | 'revoke' | null>(null)
  const { needs } = useAccess()
  const apiKey = query.data
  const notActive = apiKey?.status === 'ACTIVE' ? undefined : 'The key is not active.'
  const actions = apiKey && (
    <>
      <LinkButton to={`/keys/${apiKey.id}/edit`} disabledReason={needs('api_key:update') ?? notActive}>
        Edit
      </LinkButton>
      <Button disabledReason={needs('api_key:rotate') ?? notActive} onClick={() => setDialog('rotate')}>
        Rotate
      </Button>
      <Button
        variant="danger"
        disabledReason={needs('api_key:revoke') ?? (apiKey.status === 'REVOKED' ? 'The key is revoked.' : undefined)}
        onClick={() => setDialog('revoke')}
      >
        Revoke
      </Button>
    </>
  )
  return (
    <Page
      key={params['id']}
      title={apiKey?.label ?? apiKey?.preview ?? 'API key'}
      note={
        apiKey && (
          <>
            <EnvironmentTag environment={apiKey.environment} />
            <StatusTag status={apiKey.status} />
          </>
        )
      }
      actions={actions}
    >
      <Loaded query={query} noun="API key">
        {(key) => <KeyDetails apiKey={key} />}
      </Loaded>
      {apiKey && dialog === 'rotate' && <RotateKey apiKey={apiKey} onClose={() => setDialog(null)} />}
      {apiKey && dialog === 'revoke' && <RevokeKey apiKey={apiKey} onClose={() => setDialog(null)} />}
    </Page>
  )
}

function KeyDetails({ apiKey }: { readonly apiKey: ApiKey }): ReactElement {
  const { can } = useAccess()
  return (
    <>
      <Card title="Key">
        <Facts rows={facts(apiKey)} />
      </Card>
      {apiKey.lastUsedAt === null ? <NeverUsed /> : can('usage:read') && <KeyUsage apiKeyId={apiKey.id} />}
      {can('access_token:read') && <KeyTokens apiKeyId={apiKey.id} />}
      {can('audit_event:read') && <KeyEvents apiKeyId={apiKey.id} />}
    </>
  )
}

function facts(apiKey: ApiKey): [string, ReactElement | string][] {
  const { permissions, rateLimits, allowedAudiences, previousSecretExpiresAt } = apiKey
  return [
    ['Secret', <code key="preview">{apiKey.preview}</code>],
    ['Id', <code key="id">{apiKey.id}</code>],
    ['Project', apiKey.project.name],
    ['Permissions', permissions.length === 0 ? 'None: it can only be exchanged' : <code key="permissions">{permissions.join(', ')}</code>],
    ['Rate limits', rateLimits.map(({ max, window }) => `${max.toLocaleString()} per ${window.toLowerCase()}`).join(', ') || 'None'],
    ['Audiences', allowedAudiences === null ? 'Any' : <code key="audiences">{allowedAudiences.join(', ')}</code>],
    ['Last used', <Ago key="used" at={apiKey.lastUsedAt} />],
    ['Ends', <Moment key="ends" at={apiKey.expiresAt} />],
    [
      'Created',
      <span key="created">
        <Moment at={apiKey.createdAt} /> by <Actor actor={apiKey.createdBy} missing="the command line, or not visible" />
      </span>,
    ],
    ...(apiKey.rotatedAt === null ? [] : ([['Rotated', <Moment key="rotated" at={apiKey.rotatedAt} />]] as [string, ReactElement][])),
    ...(previousSecretExpiresAt === null
      ? []
      : ([['Old secret works until', <Moment key="overlap" at={previousSecretExpiresAt} />]] as [string, ReactElement][])),
    ...(apiKey.revokedAt === null
      ? []
      : ([
          [
            'Revoked',
            <span key="revoked">
              <Moment at={apiKey.revokedAt} /> by <Actor actor={apiKey.revokedBy} />
            </span>,
          ],
        ] as [string, ReactElement][])),
  ]
}

function NeverUsed(): ReactElement {
  const { url } = useSession()
  return (
    <Empty title="Never used.">
      <p>Send the first request with the key in KEYHOUSE_API_KEY:</p>
      <CopyText text={curlCommand(url, viewerQuery)} label="First request" />
    </Empty>
  )
}
