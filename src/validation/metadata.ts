/** Validation of metadata, the JSON objects that callers store with their objects. */

export type Metadata = Readonly<Record<string, unknown>>

/** Nesting levels of objects and lists, including the outermost. */
export const maxMetadataDepth = 5

/** PostgreSQL cannot store NUL, and JSON cannot store a lone surrogate. */
const isStorable = (text: string): boolean => !text.includes('\0') && text.isWellFormed()

function validateValue(value: unknown, depth: number): string | undefined {
  if (typeof value === 'string') return isStorable(value) ? undefined : 'must be well-formed Unicode without NUL'
  if (typeof value !== 'object' || value === null) return undefined
  if (depth > maxMetadataDepth) return `must be nested at most ${maxMetadataDepth} levels deep`
  for (const [key, inner] of Object.entries(value)) {
    const issue = validateValue(key, depth) ?? validateValue(inner, depth + 1)
    if (issue) return issue
  }
  return undefined
}

/** Returns the issue as the rest of a sentence; undefined if valid. @param maxBytes bytes of its JSON in UTF-8 */
export function validateMetadata(value: Metadata, maxBytes: number): string | undefined {
  // Check the depth first: JSON.stringify overflows the stack on deeply nested input.
  const issue = validateValue(value, 1)
  if (issue) return issue
  return Buffer.byteLength(JSON.stringify(value)) > maxBytes ? `must have at most ${maxBytes} bytes` : undefined
}
