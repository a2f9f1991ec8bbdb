/** Serializer for values of the strict JSON parser: keeps the digits of numbers and can transform strings. */
import type { SlicedComputation } from '../slices.js'
import { isExactNumber } from './strict-json.js'

/** Transformation of strings, names and numbers. A number that changes becomes a string. */
export interface StringTransform {
  /** False leaves the text unchanged. */
  readonly isSuspect: (text: string) => boolean
  readonly text: (text: string) => SlicedComputation<string>
}

const identity: StringTransform = {
  isSuspect: () => false,
  // oxlint-disable-next-line require-yield -- the identity change has nothing to pause for
  *text(from) {
    return from
  },
}

// Cached, since a value may have millions of parts.
const { stringify } = JSON
const { keys } = Object
const { isArray } = Array

type Container = Readonly<Record<string | number, unknown>>

const isContainer = (value: unknown): value is Container => typeof value === 'object' && value !== null && !isExactNumber(value)

/** Container that is being written. */
class Frame {
  /** Property names of an object; null for a list. */
  readonly names: readonly string[] | null
  readonly length: number
  index = 0
  isEmpty = true
  /** Transformed names, which may collide. */
  changed: Set<string> | undefined

  constructor(readonly container: Container) {
    this.names = isArray(container) ? null : keys(container)
    this.length = (this.names ?? (container as unknown as readonly unknown[])).length
  }

  /** Reserves a transformed name; undefined when another property already has it. */
  reserveName(name: string, changed: string): string | undefined {
    if (changed === name) return name
    this.changed ??= new Set()
    if (this.changed.has(changed) || Object.hasOwn(this.container, changed)) return undefined
    this.changed.add(changed)
    return changed
  }
}

/** Pieces between two yields. Each yield joins them, since a string of millions of pieces is slow to flatten. */
const stride = 512

/** Serializes a JSON value and transforms its strings, names and numbers. */
export function* writeJson(value: unknown, change: StringTransform = identity): SlicedComputation<string> {
  const joined: string[] = []
  let pieces: string[] = []
  const enclosing: Frame[] = []
  // A list around the value, of which neither brackets nor commas are written.
  let frame = new Frame([value] as unknown as Container)
  for (;;) {
    if (pieces.length >= stride) {
      joined.push(pieces.join(''))
      pieces = []
      yield
    }
    if (frame.index === frame.length) {
      const next = enclosing.pop()
      if (!next) return joined.join('') + pieces.join('')
      pieces.push(frame.names ? '}' : ']')
      frame = next
      continue
    }
    const at = frame.index++
    const key = frame.names?.[at] ?? at
    const name = typeof key === 'string' && change.isSuspect(key) ? frame.reserveName(key, yield* change.text(key)) : key
    if (name === undefined) continue
    if (!frame.isEmpty) pieces.push(',')
    frame.isEmpty = false
    if (typeof name === 'string') pieces.push(stringify(name), ':')
    const child = frame.container[key]
    if (isContainer(child)) {
      enclosing.push(frame)
      frame = new Frame(child)
      pieces.push(frame.names ? '{' : '[')
      continue
    }
    const text = typeof child === 'string' ? child : isExactNumber(child) ? child.rawJSON : `${child as number | boolean | null}`
    const written = change.isSuspect(text) ? yield* change.text(text) : text
    pieces.push(typeof child === 'string' || written !== text ? stringify(written) : text)
  }
}
