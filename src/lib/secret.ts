/** A value that must not leave by accident: everything that prints shows `[secret]`, only `reveal()` shows it. */
import { inspect } from 'node:util'

/** Our keys, tokens of people and JWTs, whole or with their ends cut off. */
const forms = /[a-z][a-z0-9]{0,15}_(sand|prod|invite|signin)_[\w-]{20,}|eyJ[\w-]{10,}(\.[\w-]*){0,2}/g

/** For texts that quote what was sent (a name in a document): whatever looks like a credential is taken out. */
export const redactCredentials = (text: string): string => text.replaceAll(forms, '[secret]')

export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The one lawful way out. */
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
