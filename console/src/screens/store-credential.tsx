/** Dialog that stores a credential for an MCP server, or replaces the value of one. */
import type { HttpHeaderInput, McpAuthInput } from '@keyhouse/client'
import { useCreateMcpCredential, useUpdateMcpCredential } from '@keyhouse/client/react'
import { useState } from 'react'
import type { ReactElement } from 'react'

import { Button } from '../parts/button.js'
import { Dialog } from '../parts/dialog.js'
import { ExpiryField, expiryInput } from '../parts/expiry.js'
import type { Expiry } from '../parts/expiry.js'
import { Field, Form, FormActions, Select } from '../parts/form.js'
import { useToast } from '../parts/toast.js'
import { credentialName } from './credential-columns.js'
import type { Credential } from './credential-columns.js'
import { emptyHeader, headerFields, HeaderFields } from './header-fields.js'

const types = [
  ['bearerToken', 'Bearer token'],
  ['authorization', 'Authorization header, with its scheme'],
  ['headers', 'Custom headers'],
  ['none', 'None: the server requires no credential'],
] as const

type AuthKind = (typeof types)[number][0]

function authInput(kind: AuthKind, value: string, headers: readonly HttpHeaderInput[]): McpAuthInput {
  if (kind === 'headers') return { headers }
  if (kind === 'none') return { none: 'NONE' }
  return kind === 'bearerToken' ? { bearerToken: value } : { authorization: value }
}

interface StoreProps {
  readonly serverId: string
  /** Credential whose value is replaced; undefined: a new credential. */
  readonly replaced?: Credential
  readonly onClose: () => void
}

export function StoreCredential({ serverId, replaced, onClose }: StoreProps): ReactElement {
  const toast = useToast()
  const [kind, setKind] = useState<AuthKind>('bearerToken')
  const [name, setName] = useState('')
  const [headers, setHeaders] = useState<readonly HttpHeaderInput[]>([emptyHeader])
  const [value, setValue] = useState('')
  const [expiry, setExpiry] = useState<Expiry>({ choice: 'never', date: '' })
  const onSuccess = (): void => {
    toast(replaced ? 'The value was replaced.' : 'The credential was stored.')
    onClose()
  }
  const create = useCreateMcpCredential({ onSuccess })
  const update = useUpdateMcpCredential({ onSuccess })
  function submit(): void {
    const auth = authInput(kind, value, headers)
    if (replaced) return update.mutate({ id: replaced.id, auth })
    const expiresAt = expiryInput(expiry, Date.now())
    return create.mutate({ serverId, auth, ...(name !== '' && { name }), ...(expiresAt !== undefined && { expiresAt }) })
  }
  return (
    <Dialog title={replaced ? `Replace the value of ${credentialName(replaced)}` : 'Store a credential'} onClose={onClose}>
      <Form
        error={create.error ?? update.error}
        fields={['name', 'expiresAt', ...(kind === 'headers' ? headerFields(headers) : ['auth'])]}
        onSubmit={submit}
      >
        <p>
          {replaced
            ? 'The new value is encrypted and never shown. Gateway sessions that use the old one end.'
            : 'It belongs to the backend. The value is encrypted and never shown.'}
        </p>
        {!replaced && <Field name="name" label="Name (optional)" maxLength={255} value={name} onChange={setName} />}
        <Select name="type" label="Type" options={types} value={kind} onChange={setKind} />
        {kind === 'headers' && <HeaderFields headers={headers} onChange={setHeaders} />}
        {(kind === 'bearerToken' || kind === 'authorization') && (
          <Field name="auth" label="Value" type="password" required maxLength={8192} value={value} onChange={setValue} />
        )}
        {!replaced && <ExpiryField expiry={expiry} onChange={setExpiry} canBeNever />}
        <FormActions>
          <Button type="submit" variant="primary" busy={create.isPending || update.isPending}>
            {replaced ? 'Replace' : 'Store'}
          </Button>
          <Button onClick={onClose}>Cancel</Button>
        </FormActions>
      </Form>
    </Dialog>
  )
}
