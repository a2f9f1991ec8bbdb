/** Form that invites a person, and the link for that person, once. */
import { useInviteMember } from '@keyhouse/client/react'
import { useCallback, useState } from 'react'
import type { ReactElement } from 'react'
import { useLocation } from 'wouter'

import { useAccess } from '../access.js'
import { useScopedPath } from '../filters.js'
import { Button, LinkButton } from '../parts/button.js'
import { Field, Form, FormActions } from '../parts/form.js'
import { Page } from '../parts/page.js'
import { SecretDialog } from '../parts/secret.js'
import { useSession } from '../session-context.js'
import { MembershipFields } from './membership.js'
import type { Membership } from './membership.js'

export function Invite(): ReactElement {
  const { url } = useSession()
  const { needs } = useAccess()
  const scoped = useScopedPath()
  const [, navigate] = useLocation()
  const [email, setEmail] = useState('')
  const [membership, setMembership] = useState<Membership>({ role: 'MEMBER', projectIds: null })
  const { data, error, isPending, mutate, reset } = useInviteMember()
  const { role, projectIds } = membership
  const submit = (): void => mutate({ email, role, ...(role !== 'ADMIN' && { projectIds: projectIds && [...projectIds] }) })
  const close = useCallback(() => {
    reset()
    navigate(scoped('/people?list=invitations'))
  }, [navigate, reset, scoped])
  return (
    <Page title="Invite somebody">
      <Form error={error} fields={['email']} onSubmit={submit}>
        <Field
          name="email"
          label="E-mail"
          help="Keyhouse sends no e-mail. You get a link to deliver yourself."
          type="email"
          required
          maxLength={320}
          value={email}
          onChange={setEmail}
        />
        <MembershipFields membership={membership} onChange={setMembership} />
        <FormActions>
          <Button type="submit" variant="primary" busy={isPending} disabledReason={needs('member:invite')}>
            Invite
          </Button>
          <LinkButton to="/people">Cancel</LinkButton>
        </FormActions>
      </Form>
      {data?.invitationToken && (
        <SecretDialog
          title={`Invitation of ${data.invitation.email}`}
          secret={`${url}/console#invitation=${data.invitationToken}`}
          note="Copy the link now, and deliver it to that person only. It is shown once, and valid once within 14 days."
          onClose={close}
        />
      )}
    </Page>
  )
}
