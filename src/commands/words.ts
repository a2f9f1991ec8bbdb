/** What the command line says, in the form that people read: aligned columns, times of day, lines to paste. */

type Rows = readonly (readonly [name: string, value: string])[]

export function columns(rows: Rows): string {
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`).join('\n')
}

/** `2026-05-01 12:00 UTC`: nobody copies a sign-in token by the millisecond. */
export const timeOfDay = (at: Date): string => `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`

/** One line for a shell. The document and the variables must hold no apostrophe. */
export function curl(url: string, request: { query: string; variables?: object }, credential?: string): string {
  const authorization = credential === undefined ? '' : ` -H 'Authorization: Bearer ${credential}'`
  return `curl -s ${url} -H 'Content-Type: application/json'${authorization} -d '${JSON.stringify(request)}'`
}
