/** Checks of input: gathers every fault with its path, so that a form can show them all at once. */
import { validatePermission } from '../access/permissions.js'
import { DomainError, type UserErrorDetail } from '../lib/errors.js'
export const maxUrlLength = 2048
export const maxEmailLength = 320
export const maxIdempotencyKeyLength = 255
export const maxPermissions = 100
export const maxAudiences = 20

/** Kept and compared exactly as written, so nothing is repaired: what a URL parser would strip is refused. */
export function validateAudience(text: string): string | undefined {
  if (text.length > maxUrlLength) return `must have at most ${maxUrlLength} characters`
  if (!/^https?:\/\/[\x21-\x7E]+$/i.test(text) || !URL.canParse(text)) return 'must be an absolute http or https URL'
  return text.includes('#') ? 'must not have a fragment' : undefined
}

export class Validator {
  private readonly faults: UserErrorDetail[] = []

  addIssue(field: string | readonly string[], message: string): void {
    const path = typeof field === 'string' ? [field] : field
    this.faults.push({
      code: 'INVALID',
      message: `"${path.join('.')}" ${message}${message.endsWith('?') ? '' : '.'}`,
      path: ['input', ...path],
    })
  }

  /** An explicit null where only leaving it out is meant. */
  notNull(field: string, value: unknown): void {
    if (value === null) this.addIssue(field, 'must not be null; leave it out instead')
  }

  text(field: string, value: string | null | undefined, max: number, min = 1): void {
    if (value == null) return
    if (value.length < min || value.length > max) this.addIssue(field, `must have ${min} to ${max} characters`)
    // PostgreSQL stores no NUL, and canonical JSON no half of a surrogate pair.
    else if (value.includes('\0') || !value.isWellFormed()) this.addIssue(field, 'must be well-formed Unicode without NUL')
  }

  email(field: string, value: string): void {
    // What is before the @ is the mail server's affair (RFC 5321 §2.3.11); a control character is nobody's.
    if (value.length > maxEmailLength || !/^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$/u.test(value) || !value.isWellFormed())
      this.addIssue(field, `must be an e-mail address of at most ${maxEmailLength} characters`)
  }

  integer(field: string, value: number | null | undefined, min: number, max: number): void {
    if (value != null && (value < min || value > max)) this.addIssue(field, `must be from ${min} to ${max}`)
  }

  future(field: string, value: Date | null | undefined, now: Date): void {
    if (value && value <= now) this.addIssue(field, 'must be in the future')
  }

  /** Whether every one can be granted. */
  permissions(field: string, values: readonly string[] | null | undefined): boolean {
    const before = this.faults.length
    this.notNull(field, values)
    this.list(field, values, maxPermissions, validatePermission)
    return this.faults.length === before
  }

  audiences(field: string, values: readonly string[] | null | undefined): void {
    this.list(field, values, maxAudiences, validateAudience)
    if (values?.length === 0) this.addIssue(field, 'must name at least one audience; null allows any')
  }

  /** Whether there are few enough entries to look at each: asked before that, since a request may have thousands. */
  entries(field: string | readonly string[], values: readonly unknown[], most: number, fewest = 0): boolean {
    if (values.length >= fewest && values.length <= most) return true
    this.addIssue(field, fewest > 0 ? `must have ${fewest} to ${most} entries` : `must have at most ${most} entries`)
    return false
  }

  list(field: string, values: readonly string[] | null | undefined, most: number, fault: (value: string) => string | undefined): void {
    if (!values || !this.entries(field, values, most)) return
    for (const [i, value] of values.entries()) {
      const message = fault(value)
      if (message) this.addIssue([field, String(i)], message)
    }
    if (new Set(values).size < values.length) this.addIssue(field, 'must not name anything twice')
  }

  idempotencyKey(value: string | null | undefined): void {
    this.text('idempotencyKey', value, maxIdempotencyKeyLength)
  }

  /** @throws DomainError INVALID with every fault. */
  throwIfInvalid(): void {
    const [first, ...rest] = this.faults
    if (first) throw new DomainError([first, ...rest])
  }
}

export const maxNameLength = 255
