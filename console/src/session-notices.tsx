/** Notices about the end of the session. A dialog covers the screen, so that what was typed stays. */
import { useViewer } from '@keyhouse/client/react'
import { useState } from 'react'
import type { ReactElement } from 'react'

import { Button } from './parts/button.js'
import { CopyText } from './parts/copy.js'
import { Dialog } from './parts/dialog.js'
import { Notice, Problem } from './parts/problem.js'
import { formatCountdown, useNow } from './parts/time.js'
import { useSession } from './session-context.js'
import { readSession } from './session.js'

/** A session is never prolonged; this is the time to finish what was begun. */
const warningMs = 5 * 60_000

interface NoticesProps {
  readonly hasEnded: boolean
  /** Called when there is a session again. */
  readonly onContinue: () => Promise<void>
}

export function SessionNotices({ hasEnded, onContinue }: NoticesProps): ReactElement | null {
  const { expiresAt } = useSession()
  const now = useNow(1000)
  const remaining = Date.parse(expiresAt) - now
  if (hasEnded || remaining <= 0) return <SessionEnded onContinue={onContinue} />
  if (remaining > warningMs) return null
  return (
    <Notice>
      <p>Your session ends in {formatCountdown(remaining)}. Finish what you began, then sign in again.</p>
    </Notice>
  )
}

function SessionEnded({ onContinue }: Pick<NoticesProps, 'onContinue'>): ReactElement {
  const [error, setError] = useState<Error | null>(null)
  const { data: viewer } = useViewer()
  async function check(): Promise<void> {
    try {
      if ((await readSession()) !== null) await onContinue()
      else setError(new Error('There is no session yet. Open the link from the command first.'))
    } catch (cause) {
      setError(cause as Error)
    }
  }
  return (
    <Dialog title="Your session has ended" dismissible={false} onClose={() => undefined}>
      <p>What you typed is still here. Create a link, open it in another tab, and sign in there.</p>
      <CopyText text={`npx keyhouse sign-in --email ${viewer?.user?.email ?? 'you@example.com'}`} label="Command" />
      {error && <Problem error={error} />}
      <div className="row">
        <Button variant="primary" onClick={() => void check()}>
          Continue
        </Button>
        <Button onClick={() => location.reload()}>Leave this page</Button>
      </div>
    </Dialog>
  )
}
