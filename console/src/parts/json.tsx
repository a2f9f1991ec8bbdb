/** Untrusted text and JSON as plain text: no markup, no links, and every invisible character shown by its code point. */
import type { ReactElement } from 'react'

import { revealHidden } from './hidden-characters.js'

import classes from './text.module.css'

export function SafeText({ text }: { readonly text: string }): ReactElement {
  return (
    <bdi dir="ltr">
      {revealHidden(text).map((part, index) =>
        typeof part === 'string' ? (
          part
        ) : (
          <mark key={index} className={classes['hidden-character']}>
            {`⟨${part.code}⟩`}
          </mark>
        ),
      )}
    </bdi>
  )
}

/** A JSON value, indented, in its key order. */
export function Json({ value, label }: { readonly value: unknown; readonly label: string }): ReactElement {
  return (
    <pre className={classes['json']} tabIndex={0} role="region" aria-label={label}>
      <SafeText text={JSON.stringify(value, null, 2) ?? ''} />
    </pre>
  )
}
