/** Parses the code blocks of a guide page and compares actual results with the printed ones. */
import { readFileSync } from 'node:fs'

export interface CodeBlock {
  /** `sh`, `json`, `js`, … */
  readonly language: string
  /** Info string after the language, such as `variables` or a file's path. */
  readonly note: string
  readonly text: string
  readonly line: number
}

const fence = /^```(\w+)(?: +(.+))?\n([\s\S]*?)^```$/gm

/** The fenced code blocks of a Markdown file, in order. */
export function codeBlocksOf(file: string): CodeBlock[] {
  const page = readFileSync(file, 'utf8')
  return [...page.matchAll(fence)].map(({ 1: language = '', 2: note = '', 3: text = '', index }) => ({
    language,
    note,
    text,
    line: page.slice(0, index).split('\n').length,
  }))
}

/** All JSON objects and arrays in a text, with or without other text between them. */
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

/** Formats of values that differ in each run: ids, timestamps, secrets and local URLs. */
const shapes = [
  /^[a-z_]+_[0-9a-f]{32}$/,
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/,
  /^kh_(sand|prod)_\*{4}\w{4}$/,
  /^kh_(sand|prod)_\w{38}$/,
  /^http:\/\/(localhost|127\.0\.0\.1):\d+\S*$/,
]

/** Paths of numbers that differ in each run. */
const measures = /\.(?:iat|exp|durationMs)$/

const ids = /\b(?:key|at|pt|mcp_srv|mcp_cred|mcp_apr|org|prj|usr|mem|inv|eu)_[0-9a-f]{32}\b/g

/** Maps each value that the page prints to the value of this run. */
export class PrintedValues {
  readonly #bound = new Map<string, string>()

  bind(printed: string, actual: string): void {
    this.#bound.set(printed, actual)
  }

  /** Binds placeholders such as `key_…` to the ids of a response. An id that was only read does not replace a bound one. */
  bindIds(response: string, isMutation: boolean): void {
    const seen = new Set<string>()
    for (const [id] of response.matchAll(ids)) {
      const kind = `${id.slice(0, id.lastIndexOf('_'))}_…`
      if (!seen.has(kind) && (isMutation || !this.#bound.has(kind))) this.bind(kind, id)
      seen.add(kind)
    }
  }

  /** The page's text with all bound values replaced by those of this run. */
  real(text: string): string {
    let result = text
    // Longest first, since one URL may be a prefix of another.
    const bindings = [...this.#bound].toSorted(([a], [b]) => b.length - a.length)
    for (const [printed, actual] of bindings) result = result.replaceAll(printed, actual)
    return result
  }

  /** Describes each difference between the printed and the actual value; binds new values. */
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
    const prefix = /^(kh_[a-z]+_|eyJ)/.exec(head)?.[0] ?? head
    const isMatch = printed.includes('…') ? actual.startsWith(prefix) && actual.endsWith(tail) : shape?.test(actual)
    if (!isMatch) return [`${path}: ${JSON.stringify(printed)} is printed, ${JSON.stringify(actual)} was answered`]
    this.bind(printed, actual)
    return []
  }
}
