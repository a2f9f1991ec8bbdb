/**
 * Strict JSON reader (RFC 8259 §4): refuses a name that occurs twice in one object, since two readers may believe
 * different ones, and keeps the digits of every number. Linear in the length of the text.
 */
import type { Work } from '../slices.js'

export class JsonError extends Error {
  override readonly name = 'JsonError'
}

/** Levels of nesting. Later steps walk through the value by recursion. */
export const maxDepth = 200

/** Characters of one number (RFC 8259 §9). The longest exact decimal of a double has 1,077. */
export const maxNumberLength = 1100

const notJson = (cause?: unknown): JsonError => new JsonError('This is not JSON.', { cause })

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

const numberForm = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y

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

// Looked up once, not for each of millions of names.
const { hasOwn } = Object
const { isArray } = Array

/** Whether a value is a number that JavaScript would write in another way; `rawJSON` is its text. */
export const isExactNumber = isRawJSON

type Container = unknown[] | Record<string, unknown>

/** Reads scalars and names, from where `at` stands. */
class Reader {
  at = 0

  constructor(private readonly text: string) {}

  /** The next character that is not white space, which it steps onto. NaN at the end. */
  peek(): number {
    let next = this.text.charCodeAt(this.at)
    while (next === 0x20 || next === 0x0a || next === 0x0d || next === 0x09) next = this.text.charCodeAt(++this.at)
    return next
  }

  /** Steps over a character. @throws JsonError when another one is next */
  expect(wanted: number): void {
    if (this.peek() !== wanted) throw notJson()
    this.at++
  }

  string(): string {
    const { text, at: start } = this
    let end = start + 1
    let isEscaped = false
    for (let next = text.charCodeAt(end); next !== code.quote; next = text.charCodeAt(++end)) {
      // False for NaN, the end of the text, too.
      if (!(next >= 0x20)) throw notJson()
      if (next === code.backslash) {
        isEscaped = true
        end++
      }
    }
    this.at = end + 1
    return isEscaped ? unescaped(text.slice(start, end + 1)) : text.slice(start + 1, end)
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
    numberForm.lastIndex = this.at
    if (!numberForm.test(this.text)) throw notJson()
    const digits = this.text.slice(this.at, numberForm.lastIndex)
    if (digits.length > maxNumberLength) throw new JsonError(`A number has more than ${maxNumberLength} characters: send it as a string.`)
    this.at = numberForm.lastIndex
    const value = +digits
    return `${value}` === digits ? value : rawJSON(digits)
  }

  /** A name and its colon. */
  name(into: Container): string {
    if (this.peek() !== code.quote) throw notJson()
    const name = this.string()
    if (hasOwn(into, name)) throw new JsonError('A name occurs twice in one object: send each name once.')
    this.expect(code.colon)
    return name
  }
}

function unescaped(quoted: string): string {
  try {
    return JSON.parse(quoted) as string
  } catch (cause) {
    throw notJson(cause)
  }
}

function add(container: Container, name: string, value: unknown): void {
  if (isArray(container)) container.push(value)
  // An assignment would set the prototype.
  else if (name === '__proto__') Object.defineProperty(container, name, { value, writable: true, enumerable: true, configurable: true })
  else container[name] = value
}

/** Steps between two pauses. */
const stride = 512

/** @throws JsonError */
export function* parseStrictJson(text: string): Work<unknown> {
  const reader = new Reader(text)
  const outer: [container: Container, name: string][] = []
  let container: Container | undefined
  let name = ''
  for (let steps = 1; ; steps++) {
    if (steps % stride === 0) yield
    let value: unknown
    const first = reader.peek()
    if (first === code.openObject || first === code.openList) {
      if (container) outer.push([container, name])
      if (outer.length >= maxDepth) throw new JsonError(`A value is nested more than ${maxDepth} levels deep.`)
      container = first === code.openList ? [] : {}
      reader.at++
      if (reader.peek() !== (first === code.openList ? code.closeList : code.closeObject)) {
        if (first === code.openObject) name = reader.name(container)
        continue
      }
      reader.at++
      value = container
      ;[container, name] = outer.pop() ?? [undefined, '']
    } else value = reader.scalar()
    // Every container that this value completes.
    for (; container; [container, name] = outer.pop() ?? [undefined, '']) {
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
