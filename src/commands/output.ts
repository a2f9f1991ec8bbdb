/** Formats values in the text output of commands. */

type Rows = readonly (readonly [name: string, value: string])[]

/** Two aligned columns, one row a line. */
export function formatColumns(rows: Rows): string {
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`).join('\n')
}

/** `2026-05-01 12:00 UTC`. */
export const formatTime = (at: Date): string => `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`

/** A curl command in one line. The request must not contain an apostrophe, which ends the shell's quoting. */
export function formatCurl(url: string, request: { query: string; variables?: object }, credential?: string): string {
  const authorization = credential === undefined ? '' : ` -H 'Authorization: Bearer ${credential}'`
  return `curl -s ${url} -H 'Content-Type: application/json'${authorization} -d '${JSON.stringify(request)}'`
}
