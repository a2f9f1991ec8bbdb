/** Value that is protected from accidental disclosure: it prints as `[secret]`, and only `reveal()` returns it. */
import { inspect } from 'node:util'

/** API keys, invitation and sign-in tokens, and JWTs, complete or truncated. */
const credentialPattern = /[a-z][a-z0-9]{0,15}_(sand|prod|invite|signin|code|refresh)_[\w-]{20,}|eyJ[\w-]{10,}(\.[\w-]*){0,2}/g

/** Replaces credentials in texts that quote client input, such as a name in a GraphQL document. */
export const redactCredentials = (text: string): string => text.replaceAll(credentialPattern, '[secret]')

export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** Returns the value, for use at the point where it is sent or sealed. */
  reveal(): string {
    return this.#value
  }

  get length(): number {
    return this.#value.length
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }

  [inspect.custom](): string {
    return '[secret]'
  }
}
