/** Typed reader of environment variables, which collects issues by the variable's name and never by its value. */
import { trimTrailing } from '../lib/trailing.js'

/** @throws URIError for a name or value that neither an HTTP header nor a span attribute can hold */
function parsePair(text: string): [string, string] {
  const [name = '', ...value] = text.split('=').map((part) => decodeURIComponent(part.trim()))
  if (value.length === 0 || !/^[\w!#$%&'*+.^`|~-]+$/.test(name) || value.some((part) => /\p{Cc}/u.test(part))) throw new URIError()
  return [name, value.join('=')]
}

export class EnvReader {
  readonly issues: string[] = []
  readonly #read = new Set<string>()

  constructor(private readonly env: Readonly<Record<string, string | undefined>>) {}

  text(name: string): string | undefined {
    this.#read.add(name)
    return this.env[name]?.trim() || undefined
  }

  /** Names that were read, set or not. */
  get readNames(): string[] {
    return [...this.#read]
  }

  /** Names with this prefix that are set and were not read. */
  unreadNames(prefix: string): string[] {
    return Object.keys(this.env).filter((name) => name.startsWith(prefix) && this.env[name]?.trim() && !this.#read.has(name))
  }

  list(name: string): string[] | undefined {
    return this.text(name)
      ?.split(',')
      .map((item) => item.trim())
      .filter(Boolean)
  }

  rejectVariable(name: string, fix: string): void {
    this.issues.push(`${name}: ${fix}`)
  }

  /** A list that adds an issue unless every item is valid. */
  listOf(name: string, isValid: (item: string) => boolean, fix: string): string[] | undefined {
    const items = this.list(name)
    if (items?.some((item) => !isValid(item))) this.rejectVariable(name, fix)
    return items
  }

  /** `name=value,other=value`, each percent-encoded, as in W3C Baggage. */
  pairs(name: string): Record<string, string> {
    try {
      return Object.fromEntries((this.list(name) ?? []).map(parsePair))
    } catch {
      // The issue omits the text, which may be a secret.
      this.rejectVariable(name, 'must be name=value pairs separated by commas, percent-encoded')
      return {}
    }
  }

  integer<T>(name: string, fallback: T, min: number, max: number): number | T {
    const text = this.text(name)
    if (text === undefined) return fallback
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= min && value <= max) return value
    this.rejectVariable(name, `must be a whole number from ${min} to ${max}`)
    return fallback
  }

  choice<T extends string>(name: string, choices: readonly T[], fallback: T): T {
    const text = this.text(name)
    const found = choices.find((choice) => choice === text)
    if (text !== undefined && found === undefined) this.rejectVariable(name, `must be one of ${choices.join(', ')}`)
    return found ?? fallback
  }

  match(name: string, pattern: RegExp, fallback: string, fix: string): string {
    const text = this.text(name) ?? fallback
    if (!pattern.test(text)) this.rejectVariable(name, fix)
    return text
  }

  /** An http or https origin without a trailing slash. */
  origin(name: string, fallback: string): string {
    const text = trimTrailing(this.text(name) ?? fallback, '/')
    // Issuers are paths below the origin (RFC 8414 §3). A user name or password in it would be published.
    if (/^https?:\/\/[^/?#@\\]+$/.test(text) && URL.canParse(text)) return text
    this.rejectVariable(name, 'must be an http or https origin without a path, query or fragment, such as https://keys.example.com')
    return fallback
  }
}
