/** Writes what strict JSON read, digit for digit, with each string changed on the way if need be. */
import type { Work } from '../slices.js'
import { isExactNumber } from './strict-json.js'

/** Changes strings, names and numbers. A number that changes becomes a string. */
export interface Change {
  /** False: the text stays as it is. */
  readonly isSuspect: (text: string) => boolean
  readonly text: (text: string) => Work<string>
}

const nothing: Change = {
  isSuspect: () => false,
  // oxlint-disable-next-line require-yield
  *text(from) {
    return from
  },
}

// Looked up once, not for each of millions of values.
const { stringify } = JSON
const { keys } = Object
const { isArray } = Array

type Container = Readonly<Record<string | number, unknown>>

const isContainer = (value: unknown): value is Container => typeof value === 'object' && value !== null && !isExactNumber(value)

/** A container that is half written. */
class Frame {
  /** Of an object; null of a list. */
  readonly names: readonly string[] | null
  readonly length: number
  index = 0
  isEmpty = true
  /** Names after their change, which may have become alike. */
  changed: Set<string> | undefined

  constructor(readonly container: Container) {
    this.names = isArray(container) ? null : keys(container)
    this.length = (this.names ?? (container as unknown as readonly unknown[])).length
  }

  /** Undefined: another property has this name already. */
  takeName(name: string, changed: string): string | undefined {
    if (changed === name) return name
    this.changed ??= new Set()
    if (this.changed.has(changed) || Object.hasOwn(this.container, changed)) return undefined
    this.changed.add(changed)
    return changed
  }
}

/** Pieces between two pauses. They are joined then, since a string of millions of pieces is slow to flatten. */
const stride = 512

export function* writeJson(value: unknown, change: Change = nothing): Work<string> {
  const joined: string[] = []
  let pieces: string[] = []
  const outer: Frame[] = []
  // The outermost frame stands for the text itself.
  let frame = new Frame([value] as unknown as Container)
  for (;;) {
    if (pieces.length >= stride) {
      joined.push(pieces.join(''))
      pieces = []
      yield
    }
    if (frame.index === frame.length) {
      const next = outer.pop()
      if (!next) return joined.join('') + pieces.join('')
      pieces.push(frame.names ? '}' : ']')
      frame = next
      continue
    }
    const at = frame.index++
    const key = frame.names?.[at] ?? at
    const name = typeof key === 'string' && change.isSuspect(key) ? frame.takeName(key, yield* change.text(key)) : key
    if (name === undefined) continue
    if (!frame.isEmpty) pieces.push(',')
    frame.isEmpty = false
    if (typeof name === 'string') pieces.push(stringify(name), ':')
    const inner = frame.container[key]
    if (isContainer(inner)) {
      outer.push(frame)
      frame = new Frame(inner)
      pieces.push(frame.names ? '{' : '[')
      continue
    }
    const text = typeof inner === 'string' ? inner : isExactNumber(inner) ? inner.rawJSON : `${inner as number | boolean | null}`
    const written = change.isSuspect(text) ? yield* change.text(text) : text
    pieces.push(typeof inner === 'string' || written !== text ? stringify(written) : text)
  }
}
