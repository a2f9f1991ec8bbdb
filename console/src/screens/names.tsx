/** Forms for the names of the organization and of the signed-in user. */
import { useUpdateOrganization, useUpdateViewer } from '@keyhouse/client/react'
import { useState } from 'react'
import type { ReactElement } from 'react'

import { useAccess } from '../access.js'
import { Button } from '../parts/button.js'
import { Field, Form, FormActions } from '../parts/form.js'
import { useToast } from '../parts/toast.js'

export function OrganizationName({ name }: { readonly name: string }): ReactElement {
  const { needs } = useAccess()
  const toast = useToast()
  const update = useUpdateOrganization({ onSuccess: () => toast('The organization was renamed.') })
  return (
    <NameForm
      label="Name of the organization"
      name={name}
      isBusy={update.isPending}
      error={update.error}
      disabledReason={needs('organization:update')}
      onSubmit={(next) => update.mutate({ name: next })}
    />
  )
}

export function ViewerName({ name }: { readonly name: string }): ReactElement {
  const toast = useToast()
  const update = useUpdateViewer({ onSuccess: () => toast('Your name was changed.') })
  return (
    <NameForm
      label="Your name"
      name={name}
      isBusy={update.isPending}
      error={update.error}
      onSubmit={(next) => update.mutate({ name: next })}
    />
  )
}

interface NamesProps {
  readonly viewerName: string
  readonly organizationName: string
}

/** Both forms, each with the latest name. */
export function Names({ viewerName, organizationName }: NamesProps): ReactElement {
  return (
    <>
      <ViewerName key={viewerName} name={viewerName} />
      <OrganizationName key={`of ${organizationName}`} name={organizationName} />
    </>
  )
}

interface NameFormProps {
  readonly label: string
  readonly name: string
  readonly isBusy: boolean
  readonly error: Error | null
  readonly disabledReason?: string | undefined
  readonly onSubmit: (name: string) => void
}

function NameForm({ label, name, isBusy, error, disabledReason, onSubmit }: NameFormProps): ReactElement {
  const [text, setText] = useState(name)
  const submit = (): void => {
    if (disabledReason === undefined && !isBusy) onSubmit(text)
  }
  return (
    <Form error={error} fields={['name']} onSubmit={submit}>
      <Field name="name" label={label} required maxLength={255} value={text} onChange={setText} />
      <FormActions>
        <Button type="submit" busy={isBusy} disabledReason={disabledReason}>
          Save
        </Button>
      </FormActions>
    </Form>
  )
}
