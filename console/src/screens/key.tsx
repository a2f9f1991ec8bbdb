/** One API key: facts, usage, tokens and events; edit, rotate and revoke. */
import type { ApiKeyResult } from '@keyhouse/client'
import { useApiKey, useResumeApiKey } from '@keyhouse/client/react'
import { useState } from 'react'
import type { ReactElement } from 'react'

import { useAccess } from '../access.js'
import { curlCommand, viewerQuery } from '../commands.js'
import { Button, LinkButton } from '../parts/button.js'
import { CopyText } from '../parts/copy.js'
import { Empty } from '../parts/empty.js'
import { Card, Page } from '../parts/page.js'
import { Loaded, Problem } from '../parts/problem.js'
import { EnvironmentTag, StatusTag } from '../parts/tag.js'
import { useToast } from '../parts/toast.js'
import type { ScreenProps } from '../screens.js'
import { useSession } from '../session-context.js'
import { RevokeKey, RotateKey, SuspendKey } from './key-actions.js'
import { KeyEvents, KeyTokens, KeyUsage } from './key-activity.js'
import { KeyFacts } from './key-facts.js'

type ApiKey = NonNullable<ApiKeyResult>

const firstUsePollMs = 3000

export function Key({ params }: ScreenProps): ReactElement {
  const query = useApiKey(
    { id: params['id']! },
    // The first request may come any moment: the screen shows the command for it.
    { refetchInterval: ({ state }) => (state.data?.status === 'ACTIVE' && state.data.lastUsedAt === null ? firstUsePollMs : false) },
  )
  const [dialog, setDialog] = useState<'rotate' | 'suspend' | 'revoke' | null>(null)
  const { needs } = useAccess()
  const toast = useToast()
  const apiKey = query.data
  const resume = useResumeApiKey({ onSuccess: () => toast('The key was resumed.') })
  const isOver = apiKey?.status === 'REVOKED' || apiKey?.status === 'EXPIRED'
  const notActive = isOver ? 'The key is not active.' : undefined
  const suspendReason = needs('api_key:suspend') ?? notActive
  const actions = apiKey && (
    <>
      <LinkButton to={`/keys/${apiKey.id}/edit`} disabledReason={needs('api_key:update') ?? notActive}>
        Edit
      </LinkButton>
      <Button disabledReason={needs('api_key:rotate') ?? notActive} onClick={() => setDialog('rotate')}>
        Rotate
      </Button>
      {apiKey.suspendedAt === null ? (
        <Button disabledReason={suspendReason} onClick={() => setDialog('suspend')}>
          Suspend
        </Button>
      ) : (
        <Button disabledReason={suspendReason} busy={resume.isPending} onClick={() => resume.mutate({ id: apiKey.id })}>
          Resume
        </Button>
      )}
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
      {resume.error && <Problem error={resume.error} focused />}
      <Loaded query={query} noun="API key">
        {(key) => <KeyDetails apiKey={key} />}
      </Loaded>
      {apiKey && dialog === 'rotate' && <RotateKey apiKey={apiKey} onClose={() => setDialog(null)} />}
      {apiKey && dialog === 'suspend' && <SuspendKey apiKey={apiKey} onClose={() => setDialog(null)} />}
      {apiKey && dialog === 'revoke' && <RevokeKey apiKey={apiKey} onClose={() => setDialog(null)} />}
    </Page>
  )
}

function KeyDetails({ apiKey }: { readonly apiKey: ApiKey }): ReactElement {
  const { can } = useAccess()
  return (
    <>
      <Card title="Key">
        <KeyFacts apiKey={apiKey} />
      </Card>
      {apiKey.lastUsedAt === null ? <NeverUsed /> : can('usage:read') && <KeyUsage apiKeyId={apiKey.id} />}
      {can('access_token:read') && <KeyTokens apiKeyId={apiKey.id} />}
      {can('audit_event:read') && <KeyEvents apiKeyId={apiKey.id} />}
    </>
  )
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
