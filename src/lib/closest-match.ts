/** Finds the closest match of a misspelled word, for "did you mean". */

export interface ClosestMatch {
  readonly word: string
  /** Levenshtein distance: single-character edits. */
  readonly edits: number
}

/** Undefined without candidates. */
export function closestMatch(word: string, candidates: readonly string[]): ClosestMatch | undefined {
  return candidates.map((candidate) => ({ word: candidate, edits: levenshtein(word, candidate) })).toSorted((a, b) => a.edits - b.edits)[0]
}

function levenshtein(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    }
    row = next
  }
  return row[b.length] ?? 0
}
