/** Dialogs that change a member, create a sign-in link for it, and remove it. */
import { useCreateSignInToken, useRemoveMember, useUpdateMember } from '@keyhouse/client/react'
import { useCallback, useState } from 'react'
import type { ReactElement } from 'react'

import { Button } from '../parts/button.js'
import { Confirm, Dialog } from '../parts/dialog.js'
import { Form, FormActions } from '../parts/form.js'
import { SecretDialog } from '../parts/secret.js'
import { useToast } from '../parts/toast.js'
import { useSession } from '../session-context.js'
import type { Member } from './members.js'
import { MembershipFields } from './membership.js'
import type { Membership } from './membership.js'

interface MemberDialogProps {
  readonly member: Member
  readonly onClose: () => void
}

export function EditMember({ member, onClose }: MemberDialogProps): ReactElement {
  const toast = useToast()
  const [membership, setMembership] = useState<Membership>({
    role: member.role,
    projectIds: member.projects && member.projects.map(({ id }) => id),
  })
  const { role, projectIds } = membership
  const update = useUpdateMember({
    onSuccess: () => {
      toast('The member was changed.')
      onClose()
    },
  })
  const submit = (): void => update.mutate({ id: member.id, role, ...(role !== 'ADMIN' && { projectIds: projectIds && [...projectIds] }) })
  return (
    <Dialog title={`Change ${member.user.name}`} onClose={onClose}>
      <Form error={update.error} fields={[]} onSubmit={submit}>
        <MembershipFields membership={membership} onChange={setMembership} />
        <FormActions>
          <Button type="submit" variant="primary" busy={update.isPending}>
            Save
          </Button>
          <Button onClick={onClose}>Cancel</Button>
        </FormActions>
      </Form>
    </Dialog>
  )
}

export function SignInLink({ member, onClose }: MemberDialogProps): ReactElement {
  const { url } = useSession()
  const { data, error, isPending, mutate, reset } = useCreateSignInToken()
  const close = useCallback(() => {
    reset()
    onClose()
  }, [onClose, reset])
  if (data?.signInToken) {
    return (
      <SecretDialog
        title={`Sign-in link of ${member.user.name}`}
        secret={`${url}/console#sign-in=${data.signInToken}`}
        note="Copy the link now, and deliver it to that person only. It is shown once, and valid once within 15 minutes."
        onClose={close}
      />
    )
  }
  return (
    <Confirm
      title={`Create a sign-in link for ${member.user.name}?`}
      action="Create link"
      busy={isPending}
      error={error}
      onConfirm={() => mutate({ memberId: member.id })}
      onClose={onClose}
    >
      <p>{`The link signs in as ${member.user.email}, with all that this person may do.`}</p>
    </Confirm>
  )
}

export function RemoveMember({ member, onClose }: MemberDialogProps): ReactElement {
  const toast = useToast()
  const remove = useRemoveMember({
    onSuccess: ({ revokedTokenCount }) => {
      toast(revokedTokenCount === 1 ? 'The member was removed, with 1 token.' : `The member was removed, with ${revokedTokenCount} tokens.`)
      onClose()
    },
  })
  return (
    <Confirm
      title={`Remove ${member.user.name}?`}
      action="Remove"
      typed={member.user.email}
      busy={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate({ id: member.id })}
      onClose={onClose}
    >
      <p>This person’s sign-ins and personal tokens are revoked now. API keys that they created stay. This cannot be undone.</p>
    </Confirm>
  )
}
