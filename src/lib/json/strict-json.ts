/**
 * Strict JSON parser (RFC 8259 §4): rejects duplicate names and keeps the digits of every number.
 * Parsers differ in which value of a duplicate name they use. Parsing takes linear time.
 */
import type { SlicedComputation } from '../slices.js'

export class JsonError extends Error {
  override readonly name = 'JsonError'
}

/** Maximum levels of nesting. Later steps traverse the value recursively. */
export const maxDepth = 200

/** Maximum characters of one number (RFC 8259 §9). The longest exact decimal of a double has 1,077. */
export const maxNumberLength = 1100

const notJson = (cause?: unknown): JsonError => new JsonError('The text is not valid JSON.', { cause })

const code = {
  quote: 0x22,
  comma: 0x2c,
  colon: 0x3a,
  openList: 0x5b,
  backslash: 0x5c,
  closeList: 0x5d,
  openObject: 0x7b,
  closeObject: 0x7d,
}

const numberPattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y

const literals: readonly (readonly [text: string, value: unknown])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
]

// Not in TypeScript's library yet (ECMAScript proposal "JSON.parse source text access").
const { rawJSON, isRawJSON } = JSON as unknown as {
  rawJSON: (text: string) => unknown
  isRawJSON: (value: unknown) => value is { rawJSON: string }
}

// Cached, since a text may have millions of names.
const { hasOwn } = Object
const { isArray } = Array

/** True for a number that JavaScript would serialize differently; `rawJSON` is its text. */
export const isExactNumber = isRawJSON

type Container = unknown[] | Record<string, unknown>

/** Cursor over the text, which reads scalars and names at position `at`. */
class Reader {
  at = 0

  constructor(private readonly text: string) {}

  /** Skips white space and returns the next code unit without consuming it; NaN at the end. */
  peek(): number {
    let next = this.text.charCodeAt(this.at)
    while (next === 0x20 || next === 0x0a || next === 0x0d || next === 0x09) next = this.text.charCodeAt(++this.at)
    return next
  }

  /** Consumes one code unit. @throws JsonError for any other */
  expect(expected: number): void {
    if (this.peek() !== expected) throw notJson()
    this.at++
  }

  string(): string {
    const { text, at: start } = this
    let end = start + 1
    let isEscaped = false
    for (let next = text.charCodeAt(end); next !== code.quote; next = text.charCodeAt(++end)) {
      // The comparison is also false for NaN, the end of the text.
      if (!(next >= 0x20)) throw notJson()
      if (next === code.backslash) {
        isEscaped = true
        end++
      }
    }
    this.at = end + 1
    return isEscaped ? unescapeString(text.slice(start, end + 1)) : text.slice(start + 1, end)
  }

  scalar(): unknown {
    if (this.peek() === code.quote) return this.string()
    for (const [word, value] of literals) {
      if (!this.text.startsWith(word, this.at)) continue
      this.at += word.length
      return value
    }
    return this.number()
  }

  number(): unknown {
    numberPattern.lastIndex = this.at
    if (!numberPattern.test(this.text)) throw notJson()
    const digits = this.text.slice(this.at, numberPattern.lastIndex)
    if (digits.length > maxNumberLength)
      throw new JsonError(`A number must have at most ${maxNumberLength} characters. Send it as a string.`)
    this.at = numberPattern.lastIndex
    const value = +digits
    return `${value}` === digits ? value : rawJSON(digits)
  }

  /** Reads a name and its colon. @throws JsonError for a name that the object already has */
  name(container: Container): string {
    if (this.peek() !== code.quote) throw notJson()
    const name = this.string()
    if (hasOwn(container, name)) throw new JsonError('The names of an object must be unique. Send each name once.')
    this.expect(code.colon)
    return name
  }
}

function unescapeString(quoted: string): string {
  try {
    return JSON.parse(quoted) as string
  } catch (cause) {
    throw notJson(cause)
  }
}

function add(container: Container, name: string, value: unknown): void {
  if (isArray(container)) container.push(value)
  // Assigning `__proto__` would set the prototype.
  else if (name === '__proto__') Object.defineProperty(container, name, { value, writable: true, enumerable: true, configurable: true })
  else container[name] = value
}

/** Steps between two yields. */
const stride = 512

/** Parses a JSON text. @throws JsonError for invalid JSON, a duplicate name, or an exceeded limit */
export function* parseStrictJson(text: string): SlicedComputation<unknown> {
  const reader = new Reader(text)
  const enclosing: [container: Container, name: string][] = []
  let container: Container | undefined
  let name = ''
  for (let steps = 1; ; steps++) {
    if (steps % stride === 0) yield
    let value: unknown
    const first = reader.peek()
    if (first === code.openObject || first === code.openList) {
      if (container) enclosing.push([container, name])
      if (enclosing.length >= maxDepth) throw new JsonError(`The JSON must be nested at most ${maxDepth} levels deep.`)
      container = first === code.openList ? [] : {}
      reader.at++
      if (reader.peek() !== (first === code.openList ? code.closeList : code.closeObject)) {
        if (first === code.openObject) name = reader.name(container)
        continue
      }
      reader.at++
      value = container
      ;[container, name] = enclosing.pop() ?? [undefined, '']
    } else value = reader.scalar()
    // Closes every container that this value completes.
    for (; container; [container, name] = enclosing.pop() ?? [undefined, '']) {
      add(container, name, value)
      if (reader.peek() === code.comma) break
      reader.expect(isArray(container) ? code.closeList : code.closeObject)
      value = container
    }
    if (!container) {
      if (!Number.isNaN(reader.peek())) throw notJson()
      return value
    }
    reader.at++
    if (!isArray(container)) name = reader.name(container)
  }
}
