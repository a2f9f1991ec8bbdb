/** Copying text to the clipboard. */
import { useEffect, useRef, useState } from 'react'
import type { ReactElement } from 'react'

import { Button } from './button.js'

import classes from './text.module.css'

/** Selects the text of an element, where there is no clipboard (plain http, or permission refused). */
function selectText(element: HTMLElement | null): void {
  if (element) getSelection()?.selectAllChildren(element)
}

interface CopyButtonProps {
  readonly text: string
  readonly label?: string
  /** Element with the text, which is selected if the clipboard is not available. */
  readonly source?: () => HTMLElement | null
  readonly onCopied?: () => void
  readonly variant?: 'primary' | 'secondary' | 'quiet'
}

export function CopyButton({ text, label = 'Copy', source, onCopied, variant = 'secondary' }: CopyButtonProps): ReactElement {
  const [result, setResult] = useState<'copied' | 'selected' | null>(null)
  useEffect(() => {
    if (result === null) return undefined
    const timer = setTimeout(() => setResult(null), 2000)
    return () => clearTimeout(timer)
  }, [result])

  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(text)
      setResult('copied')
      onCopied?.()
    } catch {
      selectText(source?.() ?? null)
      setResult('selected')
    }
  }
  const texts = { copied: 'Copied', selected: 'Selected: press Ctrl+C' }
  return (
    <>
      <Button variant={variant} icon={result === 'copied' ? 'check' : 'copy'} onClick={() => void copy()}>
        {result === null ? label : texts[result]}
      </Button>
      <span role="status" className="visually-hidden">
        {result !== null && texts[result]}
      </span>
    </>
  )
}

interface CopyTextProps {
  /** The text to show and copy. Never a secret: those belong in SecretDialog. */
  readonly text: string
  readonly label?: string
}

/** Text in a code box with a copy button, such as a command or a URL. */
export function CopyText({ text, label }: CopyTextProps): ReactElement {
  const code = useRef<HTMLElement>(null)
  return (
    <div className={classes['copy']}>
      <pre tabIndex={0} aria-label={label ?? 'Text to copy'} role="region">
        <code ref={code}>{text}</code>
      </pre>
      <CopyButton text={text} source={() => code.current} />
    </div>
  )
}
