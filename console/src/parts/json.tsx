/** Untrusted text and JSON as plain text: no markup, no links, and every invisible character shown by its code point. */
import type { ReactElement } from 'react'

import classes from './text.module.css'

/**
 * Control, format (bidirectional, zero-width), surrogate, private-use and separator characters could hide or reorder
 * what a person approves (Unicode TR36, CVE-2021-42574). Line feed, tab and the space are shown as they are.
 */
const hidden = /([\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\u{115F}\u{1160}\u{3164}\u{FFA0}\u{00A0}\u{2000}-\u{200A}])/u

const codePoint = (character: string): string => `⟨U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}⟩`

/** Text with its invisible characters replaced by visible code points. */
export const revealHidden = (text: string): readonly (string | { readonly code: string })[] =>
  text
    .split(hidden)
    .filter((part) => part !== '')
    .map((part) => (hidden.test(part) && part !== '\n' && part !== '\t' ? { code: codePoint(part) } : part))

export function SafeText({ text }: { readonly text: string }): ReactElement {
  return (
    <bdi dir="ltr">
      {revealHidden(text).map((part, index) =>
        typeof part === 'string' ? (
          part
        ) : (
          <mark key={index} className={classes['hidden-character']}>
            {part.code}
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
