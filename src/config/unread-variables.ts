/** Finds `KEYHOUSE_*` variables that nothing reads: a misspelled setting would silently keep its default. */
import { closestMatch } from '../lib/closest-match.js'
import type { EnvReader } from './env-reader.js'

/** Kubernetes injects the first two for a Service named keyhouse; the examples and clients read the third. */
const foreignNames = /^KEYHOUSE_(PORT|SERVICE_|API_KEY$)/
/** Maximum edits of a misspelled name. */
const maxEdits = 2

/** Adds an issue for each misspelled name. Returns the other names, for a warning. */
export function checkUnreadVariables(reader: EnvReader): string[] {
  const unread: string[] = []
  for (const name of reader.unreadNames('KEYHOUSE_')) {
    if (foreignNames.test(name)) continue
    const match = closestMatch(name, reader.readNames)
    if (match && match.edits <= maxEdits) reader.rejectVariable(name, `is not a setting; did you mean ${match.word}?`)
    else unread.push(name)
  }
  return unread
}
