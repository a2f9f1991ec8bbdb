/** Fields that a new API key and a changed one have in common. */
import type { RateLimitInput, RateLimitWindow } from '@keyhouse/client'
import type { ReactElement } from 'react'

import { Button } from '../parts/button.js'
import { Field, Select } from '../parts/form.js'
import { PermissionPicker } from '../parts/permissions.js'
import type { Grant } from '../parts/permissions.js'

export interface KeyValues {
  readonly label: string
  readonly grant: Grant
  readonly limits: readonly { readonly max: string; readonly window: RateLimitWindow }[]
  /** One URL per line; empty: any audience. */
  readonly audiences: string
}

/** Names of the fields, as in the mutations' input. */
export const keyFields = ['label', 'permissions', 'rateLimits', 'allowedAudiences', 'expiresAt'] as const

const windows: readonly (readonly [RateLimitWindow, string])[] = [
  ['SECOND', 'second'],
  ['MINUTE', 'minute'],
  ['HOUR', 'hour'],
  ['DAY', 'day'],
]

export const limitsInput = ({ limits }: KeyValues): RateLimitInput[] => limits.map(({ max, window }) => ({ max: Number(max), window }))

export function audiencesInput({ audiences }: KeyValues): string[] | null {
  const urls = audiences
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  return urls.length === 0 ? null : urls
}

interface KeyFieldsProps {
  readonly values: KeyValues
  readonly onChange: (values: KeyValues) => void
  readonly canBeAll: boolean
}

export function KeyFields({ values, onChange, canBeAll }: KeyFieldsProps): ReactElement {
  const set = (change: Partial<KeyValues>): void => onChange({ ...values, ...change })
  return (
    <>
      <PermissionPicker forApiKey canBeAll={canBeAll} grant={values.grant} onChange={(grant) => set({ grant })} />
      <details open={values.limits.length > 0 || values.audiences !== '' || undefined}>
        <summary>Rate limits and audiences</summary>
        <div className="stack">
          <RateLimits limits={values.limits} onChange={(limits) => set({ limits })} />
          <Field
            name="allowedAudiences"
            label="Allowed audiences"
            help="URLs that the key can be exchanged for, one per line. Empty: any audience."
            multiline
            value={values.audiences}
            onChange={(audiences) => set({ audiences })}
          />
        </div>
      </details>
    </>
  )
}

interface RateLimitsProps {
  readonly limits: KeyValues['limits']
  readonly onChange: (limits: KeyValues['limits']) => void
}

/** At most one limit per window. */
function RateLimits({ limits, onChange }: RateLimitsProps): ReactElement {
  const free = windows.find(([window]) => limits.every((limit) => limit.window !== window))
  const change = (index: number, values: Partial<KeyValues['limits'][number]>): void =>
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
