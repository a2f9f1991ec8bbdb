/** Dialogs that rotate, suspend and revoke an API key. */
import { useAccessTokens, useRevokeApiKey, useRotateApiKey, useSuspendApiKey } from '@keyhouse/client/react'
import { useCallback, useState } from 'react'
import type { ReactElement } from 'react'

import { useAccess } from '../access.js'
import { curlCommand, viewerQuery } from '../commands.js'
import { Button } from '../parts/button.js'
import { Confirm, Dialog } from '../parts/dialog.js'
import { Checkbox, Choices, Field, Form, FormActions } from '../parts/form.js'
import { SecretDialog } from '../parts/secret.js'
import { useToast } from '../parts/toast.js'
import { useSession } from '../session-context.js'

interface KeyDialogProps {
  readonly apiKey: { readonly id: string; readonly label: string | null; readonly preview: string }
  readonly onClose: () => void
}

const overlaps = [
  ['0', 'Now'],
  ['3600', '1 hour'],
  ['86400', '24 hours'],
  ['604800', '7 days'],
] as const

type Overlap = (typeof overlaps)[number][0]

export function RotateKey({ apiKey, onClose }: KeyDialogProps): ReactElement {
  const { url } = useSession()
  const [overlap, setOverlap] = useState<Overlap>('86400')
  const [endsAtFirstUse, setEndsAtFirstUse] = useState(false)
  const { data, error, isPending, mutate, reset } = useRotateApiKey()
  const close = useCallback(() => {
    reset()
    onClose()
  }, [onClose, reset])
  if (data) {
    return (
      <SecretDialog
        title="New secret"
        secret={data.secret}
        envName="KEYHOUSE_API_KEY"
        command={(secret) => curlCommand(url, viewerQuery, secret)}
        onClose={close}
      />
    )
  }
  const submit = (): void => mutate({ id: apiKey.id, overlapSeconds: Number(overlap), endOverlapAtFirstUse: endsAtFirstUse })
  return (
    <Dialog title={`Rotate ${apiKey.label ?? apiKey.preview}`} onClose={onClose}>
      <Form error={error} fields={[]} onSubmit={submit}>
        <p>The key gets a new secret. Its id, permissions and limits stay.</p>
        <Choices label="The old secret ends" options={overlaps} value={overlap} onChange={setOverlap} />
        {overlap !== '0' && (
          <Checkbox label="End it earlier, at the first use of the new secret" checked={endsAtFirstUse} onChange={setEndsAtFirstUse} />
        )}
        <FormActions>
          <Button type="submit" variant="primary" busy={isPending}>
            Rotate
          </Button>
          <Button onClick={onClose}>Cancel</Button>
        </FormActions>
      </Form>
    </Dialog>
  )
}

export function SuspendKey({ apiKey, onClose }: KeyDialogProps): ReactElement {
  const toast = useToast()
  const [reason, setReason] = useState('')
  const suspend = useSuspendApiKey({
    onSuccess: () => {
      toast('The key was suspended.')
      onClose()
    },
  })
  return (
    <Confirm
      title={`Suspend ${apiKey.label ?? apiKey.preview}?`}
      action="Suspend"
      busy={suspend.isPending}
      error={suspend.error}
      onConfirm={() => suspend.mutate({ id: apiKey.id, ...(reason !== '' && { reason }) })}
      onClose={onClose}
    >
      <p>The key and its access tokens are refused until you resume it.</p>
      <Field name="reason" label="Reason, for the audit trail (optional)" maxLength={500} value={reason} onChange={setReason} />
    </Confirm>
  )
}

export function RevokeKey({ apiKey, onClose }: KeyDialogProps): ReactElement {
  const { can } = useAccess()
  const toast = useToast()
  const [reason, setReason] = useState('')
  const tokens = useAccessTokens(
    { first: 1, filter: { apiKeyId: apiKey.id, status: 'ACTIVE' }, withTotalCount: true },
    { enabled: can('access_token:read') },
  )
  const revoke = useRevokeApiKey({
    onSuccess: () => {
      toast('The key was revoked.')
      onClose()
    },
  })
  const count = tokens.data?.totalCount
  return (
    <Confirm
      title={`Revoke ${apiKey.label ?? apiKey.preview}?`}
      action="Revoke"
      busy={revoke.isPending}
      error={revoke.error}
      onConfirm={() => revoke.mutate({ id: apiKey.id, ...(reason !== '' && { reason }) })}
      onClose={onClose}
    >
      <p>The key is refused from now on, everywhere. {count !== undefined && describeTokens(count)} This cannot be undone.</p>
      <Field name="reason" label="Reason, for the audit trail (optional)" maxLength={500} value={reason} onChange={setReason} />
    </Confirm>
  )
}

function describeTokens(count: number): string {
  if (count === 0) return 'No working access token comes from it.'
  return count === 1 ? 'It ends 1 working access token.' : `It ends ${count.toLocaleString()} working access tokens.`
}
