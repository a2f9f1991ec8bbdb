/** Untrusted text and JSON as plain text: no markup, no links, and every invisible character shown by its code point. */
import type { ReactElement } from 'react'

import { formatJson } from './format-json.js'
import { revealHidden } from './hidden-characters.js'
import type { VisiblePart } from './hidden-characters.js'

import classes from './text.module.css'

/** Marked characters. More elements would stall the page, so the code points are then text like any other. */
const maxMarks = 500

const toText = (part: VisiblePart): string => (typeof part === 'string' ? part : `⟨${part.code}⟩`)

export function SafeText({ text }: { readonly text: string }): ReactElement {
  const parts = revealHidden(text)
  const isMarked = parts.filter((part) => typeof part !== 'string').length <= maxMarks
  return (
    <bdi dir="ltr">
      {isMarked
        ? parts.map((part, index) =>
            typeof part === 'string' ? (
              part
            ) : (
              <mark key={index} className={classes['hidden-character']}>
                {toText(part)}
              </mark>
            ),
          )
        : parts.map(toText).join('')}
    </bdi>
  )
}

/** A JSON value. */
export function Json({ value, label }: { readonly value: unknown; readonly label: string }): ReactElement {
  return (
    <pre className={classes['json']} tabIndex={0} role="region" aria-label={label}>
      <SafeText text={formatJson(value)} />
    </pre>
  )
}
