/** Fields for the rate limits of an API key. */
import type { RateLimitWindow } from '@keyhouse/client'
import type { ReactElement } from 'react'

import { Button } from '../parts/button.js'
import { Field, Select } from '../parts/form.js'

export interface RateLimitValue {
  readonly max: string
  readonly window: RateLimitWindow
}

const windows: readonly (readonly [RateLimitWindow, string])[] = [
  ['SECOND', 'second'],
  ['MINUTE', 'minute'],
  ['HOUR', 'hour'],
  ['DAY', 'day'],
]

interface RateLimitsProps {
  readonly limits: readonly RateLimitValue[]
  readonly onChange: (limits: readonly RateLimitValue[]) => void
}

/** At most one limit per window. */
export function RateLimits({ limits, onChange }: RateLimitsProps): ReactElement {
  const free = windows.find(([window]) => limits.every((limit) => limit.window !== window))
  const change = (index: number, values: Partial<RateLimitValue>): void =>
    onChange(limits.map((limit, i) => (i === index ? { ...limit, ...values } : limit)))
  return (
    <div className="stack">
      {limits.map(({ max, window }, index) => (
        <div key={window} className="row">
          <Field
            name={`rateLimit${index}`}
            label="Requests"
            type="number"
            min={1}
            max={1_000_000_000}
            required
            value={max}
            onChange={(text) => change(index, { max: text })}
          />
          <Select
            name={`rateLimitWindow${index}`}
            label="Per"
            options={windows.filter(([option]) => option === window || limits.every((limit) => limit.window !== option))}
            value={window}
            onChange={(next) => change(index, { window: next })}
          />
          <Button variant="quiet" icon="close" aria-label="Remove limit" onClick={() => onChange(limits.filter((_, i) => i !== index))} />
        </div>
      ))}
      <div className="row">
        <Button
          icon="plus"
          disabledReason={free ? undefined : 'There is a limit for every window.'}
          onClick={() => free && onChange([...limits, { max: '100', window: free[0] }])}
        >
          Add rate limit
        </Button>
      </div>
    </div>
  )
}
