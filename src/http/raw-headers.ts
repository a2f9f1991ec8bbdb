/** Headers as they were sent: Node joins or drops repeated ones. */
import type { IncomingMessage } from 'node:http'

/** Every value of a header; its name in small letters. */
export function valuesOf({ rawHeaders }: IncomingMessage, name: string): string[] {
  const values: string[] = []
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const sent = rawHeaders[i]!
    if (sent.length === name.length && sent.toLowerCase() === name) values.push(rawHeaders[i + 1]!)
  }
  return values
}
