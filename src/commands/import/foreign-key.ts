/** Converts a record of another key store to a key that can be imported: Unkey's, better-auth's, or a table of your own. */
import type { ImportedKey } from '../../api-keys/imported-key.js'
import { RateLimitWindow, type Environment } from '../../entities/enums.js'
import type { RateLimit } from '../../entities/rate-limit.js'
import { windowLengthsMs, windowNames } from '../../lib/fixed-window.js'
import { CommandError } from '../command-error.js'
import type { ExportRecord } from './read-records.js'

/** Fields by their names in lower case without separators, so that `expires_at` and `expiresAt` are one. */
class Fields {
  readonly #values: ReadonlyMap<string, unknown>

  constructor(fields: Readonly<Record<string, unknown>>) {
    this.#values = new Map(Object.entries(fields).map(([name, value]) => [name.toLowerCase().replaceAll(/[_\s-]/g, ''), value]))
  }

  /** First of the fields that has a value. CSV writes null as an empty field. */
  get(...names: readonly string[]): unknown {
    return names.map((name) => this.#values.get(name)).find((value) => value !== undefined && value !== null && value !== '')
  }

  text(...names: readonly string[]): string | undefined {
    const value = this.get(...names)
    return typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
  }

  /** A JSON value, which CSV and some stores hold as text, even twice encoded. */
  json(...names: readonly string[]): unknown {
    let value = this.get(...names)
    for (let i = 0; i < 2 && typeof value === 'string' && /^\s*["[{n]/.test(value); i++) {
      try {
        value = JSON.parse(value)
      } catch {
        return value
      }
    }
    return value ?? undefined
  }

  isFalse(name: string): boolean {
    return /^(false|f|0|no)$/i.test(this.text(name) ?? '')
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Unkey names permissions with dots, `documents.read`. */
const toPermission = (name: string): string => (/^[^.:]+\.[^.:]+$/.test(name) ? name.replace('.', ':') : name)

/** A list, a text with separators, or better-auth's `{ "files": ["read", "write"] }`. Undefined: the record names none. */
function toPermissions(value: unknown): string[] | undefined {
  if (value === undefined) return undefined
  if (isObject(value))
    return Object.entries(value).flatMap(([resource, actions]) =>
      Array.isArray(actions) ? actions.map((action) => `${resource}:${action}`) : [],
    )
  if (typeof value === 'string')
    return value
      .split(/[\s,;]+/)
      .filter(Boolean)
      .map(toPermission)
  const names = Array.isArray(value) ? value.map((entry) => String(isObject(entry) ? entry['name'] : entry)) : []
  return names.map(toPermission)
}

/** Unix seconds, Unix milliseconds or a date. */
function toExpiry(text: string | undefined): Date | null {
  if (text === undefined) return null
  const number = Number(text)
  const at = new Date(Number.isNaN(number) ? text : number < 1e11 ? number * 1000 : number)
  if (Number.isNaN(at.getTime())) throw new CommandError('The expiry is neither a date nor a Unix time. Correct it.')
  return at
}

/** better-auth has one limit in three columns, Unkey a list of `{ limit, duration }`. */
function toRateLimits(fields: Fields): RateLimit[] {
  const list = fields.json('ratelimits', 'ratelimit') ?? []
  const limits = (Array.isArray(list) ? list : [list]).filter(isObject).map(({ limit, duration }) => ({ max: limit, ms: duration }))
  const max = fields.get('ratelimitmax')
  if (max !== undefined && !fields.isFalse('ratelimitenabled')) limits.push({ max, ms: fields.get('ratelimittimewindow') })
  return limits.map((limit) => {
    const window = windowNames.find((name) => windowLengthsMs[name] === Number(limit.ms))
    if (!window)
      throw new CommandError(
        'The window of a rate limit is not a second, a minute, an hour or a day. Change it there, or run the import with --no-rate-limits.',
      )
    return { window: RateLimitWindow[window], max: Number(limit.max) }
  })
}

/** A key that no longer works there, or works a limited number of times, would become stronger here. @throws CommandError */
function assertUnlimited(fields: Fields): void {
  if (fields.isFalse('enabled')) throw new CommandError('The key is disabled. Enable it there, or leave it out.')
  if (fields.get('revokedat', 'deletedat', 'deletedatm') !== undefined)
    throw new CommandError('The key is revoked or deleted. Leave it out.')
  const credits = fields.json('credits')
  if (fields.get('remaining') !== undefined || (isObject(credits) && credits['remaining'] != null))
    throw new CommandError('The key has a limited number of uses, which Keyhouse does not count. Issue a new key.')
}

export interface ForeignKeyOptions {
  readonly environment: Environment
  /** Permissions of records that name none. */
  readonly permissions: readonly string[]
  readonly rateLimits: boolean
}

/** @throws CommandError with the reason why the record cannot be imported */
export function toImportedKey(
  fieldsOrNull: ExportRecord['fields'],
  options: ForeignKeyOptions,
): ImportedKey & { readonly environment: Environment } {
  if (!fieldsOrNull) throw new CommandError('The line is not a JSON object. Correct it.')
  const fields = new Fields(fieldsOrNull)
  assertUnlimited(fields)
  const hash = fields.json('digest', 'hash', 'keyhash', 'hashedkey', 'tokenhash', 'key')
  const start = fields.text('start')
  const environment = fields.text('environment')?.toUpperCase() ?? options.environment
  if (environment !== 'SANDBOX' && environment !== 'PRODUCTION')
    throw new CommandError('The environment is neither SANDBOX nor PRODUCTION. Correct it, or leave the field out.')
  const metadata = fields.json('metadata', 'meta')
  return {
    environment,
    digest: String(isObject(hash) ? hash['value'] : (hash ?? '')),
    preview: fields.text('preview') ?? (start === undefined ? undefined : `${start}****`),
    label: fields.text('label', 'name'),
    permissions: toPermissions(fields.json('permissions', 'scopes')) ?? options.permissions,
    expiresAt: toExpiry(fields.text('expiresat', 'expires', 'expiry')),
    rateLimits: options.rateLimits ? toRateLimits(fields) : [],
    metadata: isObject(metadata) ? metadata : {},
  }
}
