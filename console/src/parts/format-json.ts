/** JSON as a person reads it. */

/** Characters. Values that are nested deep could become 200 times as long by their indentation, and stall the page. */
const maxIndentedLength = 262_144

/** The value with its keys in their order: indented, or on one line where that would be too long. */
export function formatJson(value: unknown): string {
  const indented = JSON.stringify(value, null, 2) ?? ''
  return indented.length <= maxIndentedLength ? indented : JSON.stringify(value)
}
