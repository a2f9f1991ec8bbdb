/** Checks of input: gathers every fault with its path, so that a form can show them all at once. */
import { heldBy, type Actor } from '../access/actor.js'
import { excess, excessOnKey, permissionFault } from '../access/permissions.js'
import type { Environment } from '../entities/enums.js'
import { DomainError, environmentMismatch, permissionNotHeld, badInput, type Fault } from '../lib/errors.js'

/** 1 to 150 printable ASCII characters, no space at either end, not `*`: the `sub` of a token and X-On-Behalf-Of alike. */
export const isExternalId = (text: string): boolean => /^[\x21-\x7E]([\x20-\x7E]{0,148}[\x21-\x7E])?$/.test(text) && text !== '*'
export const externalIdRule = 'must be 1 to 150 printable ASCII characters without a space at either end, and not "*"'

export const longestUrl = 2048
export const longestEmail = 320
export const longestIdempotencyKey = 255
export const mostPermissions = 100
export const mostAudiences = 20

/** Kept and compared exactly as written, so nothing is repaired: what a URL parser would strip is refused. */
export function audienceFault(text: string): string | undefined {
  if (text.length > longestUrl) return `must have at most ${longestUrl} characters`
  if (!/^https?:\/\/[\x21-\x7E]+$/i.test(text) || !URL.canParse(text)) return 'must be an absolute http or https URL'
  return text.includes('#') ? 'must not have a fragment' : undefined
}

export class Check {
  private readonly faults: Fault[] = []

  add(field: string | readonly string[], message: string): void {
    const path = typeof field === 'string' ? [field] : field
    this.faults.push({
      code: 'INVALID',
      message: `"${path.join('.')}" ${message}${message.endsWith('?') ? '' : '.'}`,
      path: ['input', ...path],
    })
  }

  /** An explicit null where only leaving it out is meant. */
  notNull(field: string, value: unknown): void {
    if (value === null) this.add(field, 'must not be null; leave it out instead')
  }

  text(field: string, value: string | null | undefined, max: number, min = 1): void {
    if (value == null) return
    if (value.length < min || value.length > max) this.add(field, `must have ${min} to ${max} characters`)
    // PostgreSQL stores no NUL, and canonical JSON no half of a surrogate pair.
    else if (value.includes('\0') || !value.isWellFormed()) this.add(field, 'must be well-formed Unicode without NUL')
  }

  email(field: string, value: string): void {
    // What is before the @ is the mail server's affair (RFC 5321 §2.3.11); a control character is nobody's.
    if (value.length > longestEmail || !/^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$/u.test(value) || !value.isWellFormed())
      this.add(field, `must be an e-mail address of at most ${longestEmail} characters`)
  }

  integer(field: string, value: number | null | undefined, min: number, max: number): void {
    if (value != null && (value < min || value > max)) this.add(field, `must be from ${min} to ${max}`)
  }

  future(field: string, value: Date | null | undefined, now: Date): void {
    if (value && value <= now) this.add(field, 'must be in the future')
  }

  /** Whether every one can be granted. */
  permissions(field: string, values: readonly string[] | null | undefined): boolean {
    const before = this.faults.length
    this.notNull(field, values)
    this.list(field, values, mostPermissions, permissionFault)
    return this.faults.length === before
  }

  audiences(field: string, values: readonly string[] | null | undefined): void {
    this.list(field, values, mostAudiences, audienceFault)
    if (values?.length === 0) this.add(field, 'must name at least one audience; null allows any')
  }

  /** Whether there are few enough entries to look at each: asked before that, since a request may have thousands. */
  entries(field: string | readonly string[], values: readonly unknown[], most: number, fewest = 0): boolean {
    if (values.length >= fewest && values.length <= most) return true
    this.add(field, fewest > 0 ? `must have ${fewest} to ${most} entries` : `must have at most ${most} entries`)
    return false
  }

  list(field: string, values: readonly string[] | null | undefined, most: number, fault: (value: string) => string | undefined): void {
    if (!values || !this.entries(field, values, most)) return
    for (const [i, value] of values.entries()) {
      const message = fault(value)
      if (message) this.add([field, String(i)], message)
    }
    if (new Set(values).size < values.length) this.add(field, 'must not name anything twice')
  }

  idempotencyKey(value: string | null | undefined): void {
    this.text('idempotencyKey', value, longestIdempotencyKey)
  }

  /** @throws DomainError INVALID with every fault. */
  done(): void {
    const [first, ...rest] = this.faults
    if (first) throw new DomainError([first, ...rest])
  }
}

/** @throws DomainError PERMISSION_NOT_HELD, naming what of the grant the actor does not hold. */
export function refuseExcess(actor: Actor, wanted: readonly string[], path: readonly string[] = ['input', 'permissions']): void {
  refuseMissing(excessOnKey(heldBy(actor), wanted), path)
}

/** The same for what a person is granted, where `*` means all there is, not only what a key may hold. */
export function refuseExcessForPeople(actor: Actor, wanted: readonly string[], path: readonly string[] | null): void {
  refuseMissing(excess(heldBy(actor), wanted), path)
}

function refuseMissing(missing: readonly string[], path: readonly string[] | null): void {
  if (missing.length === 0) return
  throw permissionNotHeld(`You do not hold ${quoted(missing)}, so you cannot grant ${missing.length === 1 ? 'it' : 'them'}.`, path)
}

const quoted = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ')

/** @throws DomainError PERMISSION_NOT_HELD, naming what a key holds and the actor does not. */
export function refuseStrongerKey(actor: Actor, { permissions }: { readonly permissions: readonly string[] }): void {
  const beyond = excessOnKey(heldBy(actor), permissions)
  if (beyond.length === 0) return
  throw permissionNotHeld(`This key holds ${quoted(beyond)}, which you do not, so you can neither rotate nor update it.`, null)
}

/** @throws DomainError ENVIRONMENT_MISMATCH: a key or token works in one environment only. */
export function environmentOf(actor: Actor, wanted: Environment | null | undefined): Environment {
  if (actor.environment === null) return wanted ?? 'SANDBOX'
  if (wanted && wanted !== actor.environment) {
    throw environmentMismatch(`This credential works in ${actor.environment} only.`, ['input', 'environment'])
  }
  return actor.environment
}

/** The same in a filter, where omitted means all that the caller may see. @throws RequestError BAD_USER_INPUT */
export function filterEnvironment(actor: Actor, wanted: Environment | null | undefined): { environment?: Environment } {
  if (!wanted) return {}
  if (actor.environment !== null && wanted !== actor.environment)
    throw badInput(`"environment" may only be ${actor.environment} for this credential.`)
  return { environment: wanted }
}
