/** Shows a new secret once: in no input, URL, toast or storage, and gone from the DOM when the dialog closes. */
import { useEffect, useRef, useState } from 'react'
import type { ReactElement } from 'react'

import { Button } from './button.js'
import { CopyButton } from './copy.js'
import { Dialog } from './dialog.js'
import { Notice } from './problem.js'

import classes from './dialog.module.css'

interface SecretDialogProps {
  readonly title: string
  readonly secret: string
  /** Name of the environment variable for "Copy as .env". */
  readonly envName?: string
  /** Command with the secret for "Copy as curl". */
  readonly command?: (secret: string) => string
  /** Replaces the sentence about showing it once. */
  readonly note?: string
  /** Must drop the secret: call `reset` of the mutation that returned it. */
  readonly onClose: () => void
}

export function SecretDialog({
  title,
  secret,
  envName,
  command,
  note = 'Copy it now. It is shown once.',
  onClose,
}: SecretDialogProps): ReactElement {
  const code = useRef<HTMLElement>(null)
  const [isCopied, setIsCopied] = useState(false)
  const [isAsking, setIsAsking] = useState(false)
  const source = (): HTMLElement | null => code.current
  const onCopied = (): void => setIsCopied(true)

  useEffect(() => {
    // A page in the back/forward cache would keep the secret.
    window.addEventListener('pagehide', onClose)
    return () => window.removeEventListener('pagehide', onClose)
  }, [onClose])
  useEffect(() => {
    if (isCopied) return undefined
    const warn = (event: BeforeUnloadEvent): void => event.preventDefault()
    window.addEventListener('beforeunload', warn)
    return () => window.removeEventListener('beforeunload', warn)
  }, [isCopied])

  return (
    <Dialog title={title} onClose={onClose} dismissible={false}>
      <p>{note}</p>
      <code ref={code} className={classes['secret']} onCopy={onCopied}>
        {secret}
      </code>
      <div className="row">
        <CopyButton variant="primary" text={secret} source={source} onCopied={onCopied} />
        {envName !== undefined && <CopyButton text={`${envName}=${secret}`} label="Copy as .env" source={source} onCopied={onCopied} />}
        {command && <CopyButton text={command(secret)} label="Copy as curl" source={source} onCopied={onCopied} />}
      </div>
      {isAsking && !isCopied ? (
        <Notice>
          <p>You have not copied it. Nobody can read it again.</p>
          <div className="row">
            <Button onClick={() => setIsAsking(false)}>Back</Button>
            <Button variant="danger" onClick={onClose}>
              Close without copying
            </Button>
          </div>
        </Notice>
      ) : (
        <div className={classes['actions']}>
          <Button onClick={() => (isCopied ? onClose() : setIsAsking(true))}>Done</Button>
        </div>
      )}
    </Dialog>
  )
}
