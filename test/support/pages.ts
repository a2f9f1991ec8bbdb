/** A page of the guide as a reader goes through it: its blocks of code in order, and how an answer is like the one printed. */
import { readFileSync } from 'node:fs'

export interface Block {
  /** `sh`, `json`, `js`, … */
  readonly language: string
  /** What stands behind the language: how the block is meant. */
  readonly note: string
  readonly text: string
  readonly line: number
}

const fence = /^```(\w+)(?: +(.+))?\n([\s\S]*?)^```$/gm

export function blocksOf(file: string): Block[] {
  const page = readFileSync(file, 'utf8')
  return [...page.matchAll(fence)].map(({ 1: language = '', 2: note = '', 3: text = '', index }) => ({
    language,
    note,
    text,
    line: page.slice(0, index).split('\n').length,
  }))
}

/** The JSON values in a text, one behind the other, with or without anything between them. */
export function jsonValues(text: string): unknown[] {
  const values: unknown[] = []
  let depth = 0
  let start = 0
  let isString = false
  for (let i = 0; i < text.length; i++) {
    const char = text[i]
    if (isString) {
      if (char === '\\') i++
      else if (char === '"') isString = false
    } else if (char === '"') isString = depth > 0
    else if (char === '{' || char === '[') {
      if (depth++ === 0) start = i
    } else if ((char === '}' || char === ']') && --depth === 0) values.push(JSON.parse(text.slice(start, i + 1)))
  }
  return values
}

/** What no two runs have in common: ids, times, secrets, and whatever is cut short by `…`. */
const shapes = [
  /^[a-z_]+_[0-9a-f]{32}$/,
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/,
  /^kh_(sand|prod)_\*{4}\w{4}$/,
  /^kh_(sand|prod)_\w{38}$/,
  /^http:\/\/(localhost|127\.0\.0\.1):\d+\S*$/,
]

/** Numbers that no two runs have in common, by what they are called. */
const measures = /\.(?:iat|exp|durationMs)$/

const ids = /\b(?:key|at|pt|mcp_srv|mcp_cred|mcp_apr|org|prj|usr|mem|inv|eu)_[0-9a-f]{32}\b/g

/** What stands on the page → what it is in this run. */
export class Likeness {
  readonly #bound = new Map<string, string>()

  bind(printed: string, actual: string): void {
    this.#bound.set(printed, actual)
  }

  /** What was made last is what `key_…` means from now on; what was only read is, while nothing else is. */
  meet(answer: string, isChange: boolean): void {
    const met = new Set<string>()
    for (const [id] of answer.matchAll(ids)) {
      const kind = `${id.slice(0, id.lastIndexOf('_'))}_…`
      if (!met.has(kind) && (isChange || !this.#bound.has(kind))) this.bind(kind, id)
      met.add(kind)
    }
  }

  /** The text of the page with everything in it that this run knows by another name. */
  real(text: string): string {
    let result = text
    // Long ones first: `kh_sand_…` is not part of `kh_sand_XYQw…`, but an URL may be part of another.
    const known = [...this.#bound].toSorted(([a], [b]) => b.length - a.length)
    for (const [printed, actual] of known) result = result.replaceAll(printed, actual)
    return result
  }

  /** What differs between the printed answer and the real one; remembers what is new. */
  differences(printed: unknown, actual: unknown, path = '$'): string[] {
    if (typeof printed === 'string' && typeof actual === 'string') return this.#text(printed, actual, path)
    if (typeof printed !== 'object' || typeof actual !== 'object' || printed === null || actual === null) {
      const isMeasure = typeof printed === 'number' && typeof actual === 'number' && measures.test(path)
      return printed === actual || isMeasure
        ? []
        : [`${path}: ${JSON.stringify(printed)} is printed, ${JSON.stringify(actual)} was answered`]
    }
    const names = [...new Set([...Object.keys(printed), ...Object.keys(actual)])]
    return names.flatMap((name) =>
      this.differences(Reflect.get(printed, name) as unknown, Reflect.get(actual, name) as unknown, `${path}.${name}`),
    )
  }

  #text(printed: string, actual: string, path: string): string[] {
    if (this.real(printed) === actual) return []
    const shape = shapes.find((one) => one.test(printed))
    const [head = '', tail = ''] = printed.split('…', 2)
    const isKind = /^(kh_[a-z]+_|eyJ)/.exec(head)?.[0] ?? head
    const isLike = printed.includes('…') ? actual.startsWith(isKind) && actual.endsWith(tail) : shape?.test(actual)
    if (!isLike) return [`${path}: ${JSON.stringify(printed)} is printed, ${JSON.stringify(actual)} was answered`]
    this.bind(printed, actual)
    return []
  }
}
