/** Input validation that collects every issue with its path, so that a form can show all of them at once. */
import { validatePermission } from '../access/permissions.js'
import { DomainError, type UserErrorDetail } from '../lib/errors.js'
import { validateMetadata, type Metadata } from './metadata.js'

export const maxNameLength = 255
export const maxUrlLength = 2048
export const maxEmailLength = 320
export const maxIdempotencyKeyLength = 255
export const maxPermissions = 100
export const maxAudiences = 20

/**
 * Validates an audience URL. Returns the issue as the rest of a sentence; undefined if valid.
 * Audiences are compared as exact strings, so characters that a URL parser would strip are an issue.
 */
export function validateAudience(audience: string): string | undefined {
  if (audience.length > maxUrlLength) return `must have at most ${maxUrlLength} characters`
  if (!/^https?:\/\/[\x21-\x7E]+$/i.test(audience) || !URL.canParse(audience)) return 'must be an absolute http or https URL'
  return audience.includes('#') ? 'must not have a fragment' : undefined
}

/** Collects the issues of one input. Each method checks a field and adds an issue if it is invalid. */
export class Validator {
  private readonly issues: UserErrorDetail[] = []

  /** @param root path of the object that the fields belong to */
  constructor(private readonly root: readonly string[] = ['input']) {}

  /** @param message the issue as the rest of a sentence that starts with the field's name, without a period */
  addIssue(field: string | readonly string[], message: string): void {
    const path = typeof field === 'string' ? [field] : field
    this.issues.push({
      code: 'INVALID',
      message: `"${path.join('.')}" ${message}${message.endsWith('?') ? '' : '.'}`,
      path: [...this.root, ...path],
    })
  }

  /** Rejects an explicit null where only omission is allowed. */
  notNull(field: string | readonly string[], value: unknown): void {
    if (value === null) this.addIssue(field, 'must not be null; omit it instead')
  }

  /** @param max maximum length in UTF-16 code units */
  text(field: string | readonly string[], value: string | null | undefined, max: number, min = 1): void {
    if (value == null) return
    if (value.length < min || value.length > max) this.addIssue(field, `must have ${min} to ${max} characters`)
    // PostgreSQL cannot store NUL, and canonical JSON (RFC 8785) cannot encode a lone surrogate.
    else if (value.includes('\0') || !value.isWellFormed()) this.addIssue(field, 'must be well-formed Unicode without NUL')
  }

  email(field: string, value: string): void {
    // Only the mail server may interpret the local part (RFC 5321 §2.3.11), so it is not checked further.
    if (value.length > maxEmailLength || !/^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$/u.test(value) || !value.isWellFormed())
      this.addIssue(field, `must be an e-mail address of at most ${maxEmailLength} characters`)
  }

  integer(field: string, value: number | null | undefined, min: number, max: number): void {
    if (value != null && (value < min || value > max)) this.addIssue(field, `must be from ${min} to ${max}`)
  }

  future(field: string, value: Date | null | undefined, now: Date): void {
    if (value && value <= now) this.addIssue(field, 'must be in the future')
  }

  /** Returns whether every entry is a valid permission. */
  permissions(field: string, values: readonly string[] | null | undefined): boolean {
    const before = this.issues.length
    this.notNull(field, values)
    this.list(field, values, maxPermissions, validatePermission)
    return this.issues.length === before
  }

  audiences(field: string, values: readonly string[] | null | undefined): void {
    this.list(field, values, maxAudiences, validateAudience)
    if (values?.length === 0) this.addIssue(field, 'must have at least one audience; use null to allow any')
  }

  /** Returns whether the number of entries is allowed. Checked before each entry, since a request may have thousands. */
  entries(field: string | readonly string[], values: readonly unknown[], max: number, min = 0): boolean {
    if (values.length >= min && values.length <= max) return true
    this.addIssue(field, min > 0 ? `must have ${min} to ${max} entries` : `must have at most ${max} entries`)
    return false
  }

  /** @param validate returns the issue of one entry; undefined if valid */
  list(
    field: string | readonly string[],
    values: readonly string[] | null | undefined,
    max: number,
    validate: (value: string) => string | undefined,
  ): void {
    if (!values || !this.entries(field, values, max)) return
    for (const [i, value] of values.entries()) {
      const message = validate(value)
      if (message) this.addIssue([...[field].flat(), String(i)], message)
    }
    if (new Set(values).size < values.length) this.addIssue(field, 'must not have duplicates')
  }

  metadata(field: string, value: Metadata | null | undefined, maxBytes: number): void {
    this.notNull(field, value)
    const issue = value ? validateMetadata(value, maxBytes) : undefined
    if (issue) this.addIssue(field, issue)
  }

  idempotencyKey(value: string | null | undefined): void {
    this.text('idempotencyKey', value, maxIdempotencyKeyLength)
  }

  /** @throws DomainError INVALID with every issue. */
  throwIfInvalid(): void {
    const [first, ...rest] = this.issues
    if (first) throw new DomainError([first, ...rest])
  }
}
