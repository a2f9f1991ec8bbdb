/** Makes the invisible characters of untrusted text visible. */

/**
 * Characters that could hide or reorder what a person approves (Unicode TR36, CVE-2021-42574): control, format, surrogate,
 * private-use, unassigned and ignorable characters, and separators. Space, line feed and tab are shown as they are. So is a
 * combining mark, up to the fourth in a row: a pile of them would cover other lines.
 */
const hidden = /((?![ \n\t])[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]|(?<=\p{M}{4})\p{M})/u

/** A visible text, or the code point of a character that is not shown, such as `U+202E`. */
export type VisiblePart = string | { readonly code: string }

export const revealHidden = (text: string): VisiblePart[] =>
  text
    .split(hidden)
    // The odd parts are the matches.
    .map((part, index) => (index % 2 === 0 ? part : { code: `U+${part.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}` }))
    .filter((part) => part !== '')

/** The text with each invisible character as its code point, such as `⟨U+202E⟩`, where no markup can mark it. */
export const showHidden = (text: string): string =>
  revealHidden(text)
    .map((part) => (typeof part === 'string' ? part : `⟨${part.code}⟩`))
    .join('')
