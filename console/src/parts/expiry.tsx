/** Choice of an expiry: some days, a date in UTC, or none. */
import type { ReactElement } from 'react'

import { Choices, Field } from './form.js'
import type { Option } from './form.js'

export interface Expiry {
  /** Number of days, `never` or `date`. */
  readonly choice: string
  /** `YYYY-MM-DD` in UTC, for the choice `date`. */
  readonly date: string
}

const dayMs = 86_400_000

/** The expiry as the input of a mutation; null: never; undefined: no date was chosen. */
export function expiryInput({ choice, date }: Expiry, now: number): string | null | undefined {
  if (choice === 'never') return null
  if (choice === 'date') return date === '' ? undefined : `${date}T00:00:00.000Z`
  return new Date(now + Number(choice) * dayMs).toISOString()
}

interface ExpiryFieldProps {
  readonly expiry: Expiry
  readonly onChange: (expiry: Expiry) => void
  readonly days?: readonly number[]
  readonly canBeNever?: boolean
}

export function ExpiryField({ expiry, onChange, days = [30, 90, 365], canBeNever = false }: ExpiryFieldProps): ReactElement {
  const options: Option<string>[] = [
    ...days.map((count): Option<string> => [String(count), count === 1 ? '1 day' : `${count} days`]),
    ...(canBeNever ? ([['never', 'Never']] as const) : []),
    ['date', 'Date'],
  ]
  return (
    <div className="stack">
      <Choices label="Ends after" options={options} value={expiry.choice} onChange={(choice) => onChange({ ...expiry, choice })} />
      {expiry.choice === 'date' && (
        <Field
          name="expiresAt"
          label="Ends on (UTC)"
          help="At 00:00 UTC on this day."
          type="date"
          required
          value={expiry.date}
          onChange={(date) => onChange({ ...expiry, date })}
        />
      )}
    </div>
  )
}
