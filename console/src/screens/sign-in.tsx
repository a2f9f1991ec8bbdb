/** Sign-in by a printed link, and acceptance of an invitation. Nothing is spent before the button is pressed. */
import { viewer } from '@keyhouse/client'
import { useEffect, useState } from 'react'
import type { ReactElement, SubmitEvent } from 'react'

import { Button } from '../parts/button.js'
import { CopyText } from '../parts/copy.js'
import { Notice, Problem } from '../parts/problem.js'
import { useToast } from '../parts/toast.js'
import { client, startSession } from '../session.js'
import type { FragmentToken, SessionInfo } from '../session.js'

import form from '../parts/form.module.css'
import classes from '../shell.module.css'

interface SignInProps {
  readonly token: FragmentToken | null
  /** The session that signing in would replace. */
  readonly session: SessionInfo | null
  readonly onSignedIn: () => void
  /** Drops the token and keeps the session. */
  readonly onKeep: () => void
}

export function SignIn({ token, session, onSignedIn, onKeep }: SignInProps): ReactElement {
  useEffect(() => {
    document.title = 'Sign in · Keyhouse'
  }, [])
  return (
    <main className={classes['sign-in']}>
      {token === null ? <NoLink /> : <UseLink token={token} hasSession={session !== null} onSignedIn={onSignedIn} onKeep={onKeep} />}
    </main>
  )
}

function NoLink(): ReactElement {
  return (
    <>
      <h1>Sign in to Keyhouse</h1>
      <p>You sign in with a link that is valid for 15 minutes, once. Create one on the server:</p>
      <CopyText text="npx keyhouse sign-in --email you@example.com" label="Command" />
      <p className="muted">No access to the server? An ADMIN can create a link for you under People.</p>
    </>
  )
}

interface UseLinkProps {
  readonly token: FragmentToken
  readonly hasSession: boolean
  readonly onSignedIn: () => void
  readonly onKeep: () => void
}

function UseLink({ token: { kind, token }, hasSession, onSignedIn, onKeep }: UseLinkProps): ReactElement {
  const toast = useToast()
  const [name, setName] = useState('')
  const [isBusy, setIsBusy] = useState(false)
  const [error, setError] = useState<Error | null>(null)
  const isInvitation = kind === 'invitation'

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault()
    if (isBusy) return
    setIsBusy(true)
    try {
      await startSession(isInvitation ? { invitationToken: token, name } : { signInToken: token })
      // A link of somebody else would sign in as that person (login CSRF), so the name is said.
      viewer(client).then(
        (caller) => toast(`You are ${caller?.user?.name} of ${caller?.organization.name}.`),
        () => undefined,
      )
      onSignedIn()
    } catch (cause) {
      setError(cause instanceof TypeError ? new Error('Keyhouse does not answer. Check the network, then try again.') : (cause as Error))
      setIsBusy(false)
    }
  }
  return (
    <form className="stack" onSubmit={(event) => void submit(event)}>
      <h1>{isInvitation ? 'Join Keyhouse' : 'Sign in to Keyhouse'}</h1>
      {hasSession && (
        <Notice>
          <p>You are signed in already. Continuing replaces that session in this browser.</p>
          <div className="row">
            <Button onClick={onKeep}>Keep the current session</Button>
          </div>
        </Notice>
      )}
      {error && <Problem error={error} focused />}
      {isInvitation ? (
        <>
          <p>You were invited to an organization. Colleagues see your name.</p>
          {/* Not `Field`: its library would delay the first paint of signing in. */}
          <label className={form['field']}>
            <span className={form['label']}>Your name</span>
            <input
              name="name"
              autoComplete="name"
              className={form['control']}
              required
              maxLength={255}
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          </label>
        </>
      ) : (
        <p>The link is spent when you press the button. The session lasts 12 hours.</p>
      )}
      <div className="row">
        <Button type="submit" variant="primary" busy={isBusy}>
          {isInvitation ? 'Join' : 'Sign in'}
        </Button>
      </div>
    </form>
  )
}
