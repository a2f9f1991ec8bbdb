/**
 * JSON as a checkpoint must read it (RFC 8259 §4): a name that stands twice is refused, since two readers may believe
 * different ones; a number keeps its digits when it is written again.
 */

export class JsonFault extends Error {
  override readonly name = 'JsonFault'
}

const twice = (): JsonFault => new JsonFault('A name stands twice in one object.')
const tooDeep = (): JsonFault => new JsonFault('This is nested too deep.')

/** Levels: what follows walks through the value by recursion. */
export const deepest = 200

/** Strings, and the characters that open, close and part. Whatever else there is was valid for JSON.parse. */
const token = /"(?:[^"\\]|\\.)*"|[{}[\]:,]/gs

/** Name by name, for texts in which a name may be spelled in more than one way. @throws JsonFault */
function refuseDuplicates(text: string): void {
  const open: (Set<string> | null)[] = []
  let last = ''
  for (const [part] of text.matchAll(token)) {
    if (open.length > deepest) throw tooDeep()
    if (part === '{') open.push(new Set())
    else if (part === '[') open.push(null)
    else if (part === '}' || part === ']') open.pop()
    else if (part === ':') {
      const names = open.at(-1)
      const name = String(JSON.parse(last))
      if (names?.has(name)) throw twice()
      names?.add(name)
    }
    last = part
  }
}

/** How many names of properties stand in a text that is JSON and has no backslash. @throws JsonFault */
function namesIn(text: string): number {
  let names = 0
  let depth = 0
  for (let i = 0; i < text.length; i++) {
    const character = text[i]
    if (character === '"') i = text.indexOf('"', i + 1)
    else if (character === ':') names++
    else if (character === '{' || character === '[') depth++
    else if (character === '}' || character === ']') depth--
    if (depth > deepest) throw tooDeep()
  }
  return names
}

/** How many of them have become properties. */
function namesOf(value: unknown): number {
  if (typeof value !== 'object' || value === null || isRawJson(value)) return 0
  const inner: unknown[] = Array.isArray(value) ? value : Object.values(value)
  return inner.reduce<number>((sum, one) => sum + namesOf(one), Array.isArray(value) ? 0 : inner.length)
}

/** A number that may be written in another way than JavaScript would: most texts have none, and are read at full speed. */
const peculiarNumber = /(?:^|[:[,])\s*(?:-0|-?\d{16}|-?\d+[.eE])/

/** @throws JsonFault */
export function parseStrictJson(text: string): unknown {
  let value: unknown
  try {
    value = peculiarNumber.test(text) ? JSON.parse(text, keepDigits) : JSON.parse(text)
  } catch (cause) {
    throw new JsonFault('This is not JSON.', { cause })
  }
  if (text.includes('\\')) refuseDuplicates(text)
  // One that stood twice has become one property.
  else if (namesIn(text) > namesOf(value)) throw twice()
  return value
}

function keepDigits(_name: string, inner: unknown, context?: { source?: string }): unknown {
  const source = context?.source
  return typeof inner === 'number' && source !== undefined && String(inner) !== source ? rawJson(source) : inner
}

// Not in TypeScript's library yet (ECMAScript proposal "JSON.parse source text access").
const rawJson = (JSON as unknown as { rawJSON: (text: string) => unknown }).rawJSON

// Likewise.
const isRawJson = (JSON as unknown as { isRawJSON: (value: unknown) => value is { rawJSON: string } }).isRawJSON

/** Digits without leading and trailing zeros, and the power of ten behind them: equal for numbers that are equal. */
function decimal(source: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(source) ?? []
  const digits = `${whole}${fraction}`.replace(/^0+/, '')
  const bare = digits.replace(/0+$/, '')
  if (bare === '') return '0'
  return `${sign}${bare}e${Number(exponent) - fraction.length + digits.length - bare.length}`
}

const isPlainText = (text: string): boolean => text.isWellFormed() && !text.includes('\0')

/**
 * The value as any reader of I-JSON (RFC 7493 §2) sees it, its numbers as doubles; undefined when some reader would see
 * something else: a number that no double holds exactly, half of a surrogate pair, NUL (which PostgreSQL does not store).
 */
export function plainJson(value: unknown): unknown {
  if (typeof value === 'string') return isPlainText(value) ? value : undefined
  if (typeof value !== 'object' || value === null) return value
  if (isRawJson(value)) return decimal(value.rawJSON) === decimal(String(Number(value.rawJSON))) ? Number(value.rawJSON) : undefined
  const entries = Object.entries(value).map(([name, inner]) => [isPlainText(name) ? name : undefined, plainJson(inner)] as const)
  if (entries.some(([name, inner]) => name === undefined || inner === undefined)) return undefined
  return Array.isArray(value) ? entries.map(([, inner]) => inner) : Object.fromEntries(entries)
}
