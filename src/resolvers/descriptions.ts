/** Formats limits and holds the descriptions that several inputs share, so that neither can differ from what is enforced. */
import { idempotencyTtlMs } from '../journal/idempotency.js'
import { maxIdempotencyKeyLength, maxPermissions } from '../validation/validator.js'

const numberFormat = new Intl.NumberFormat('en-US')

/** A number with thousands separators: `604,800`. */
export const formatCount = (count: number): string => numberFormat.format(count)

/** Length range of a text in characters: `1 to 255 characters`. */
export const formatLength = (max: number, min = 1): string => `${min} to ${formatCount(max)} characters`

/** Seconds in days, hours or minutes: `14 days`, `24 hours`, `15 minutes`. */
export function formatDuration(seconds: number): string {
  // 86,400 seconds are written as 24 hours, the unit in which the contract states them.
  const [unit, length] =
    seconds % 86_400 === 0 && seconds > 86_400 ? ['day', 86_400] : seconds % 3600 === 0 ? ['hour', 3600] : ['minute', 60]
  const count = seconds / length
  return `${formatCount(count)} ${unit}${count === 1 ? '' : 's'}`
}

export const permissionCount = `at most ${maxPermissions} permissions`

export const environmentFilter =
  'Matches this environment. API keys and access tokens can name their own environment only (BAD_USER_INPUT).'
export const projectFilter = 'Matches this project, by id.'
export const externalUserFilter = 'Matches this end user, by the external id that your product assigned.'

export const searchFilter = (fields: string): string =>
  `Matches rows whose ${fields} contains this text: at most 255 characters. The case of ASCII letters is ignored. An empty text does not filter.`

export const environmentInput =
  'Environment of the object. Default for members: SANDBOX. API keys use their own environment and cannot name another (ENVIRONMENT_MISMATCH).'
export const projectInput =
  'Project id. Default for members: their oldest project. API keys use their own project and cannot name another (NOT_FOUND).'

/** `replay`: the difference between the first result and a repeated one. */
export const idempotencyKey = (replay: string): string =>
  `Idempotency key of your choice, per credential and operation: ${formatLength(maxIdempotencyKeyLength)}. For ${formatDuration(idempotencyTtlMs / 1000)}, the same key and input return the existing object${replay}. ` +
  'The same key with another input is refused (IDEMPOTENCY_CONFLICT).'
