/** Fields that a new API key and a changed one have in common. */
import type { ApiKeyEndUserMode, ApiKeyEndUsersInput, UpdateApiKeyInput } from '@keyhouse/client'
import type { ReactElement } from 'react'

import { Choices, Field } from '../parts/form.js'
import { PermissionPicker } from '../parts/permissions.js'
import type { Grant } from '../parts/permissions.js'
import { RateLimits } from './rate-limits.js'
import type { RateLimitValue } from './rate-limits.js'

export interface KeyValues {
  readonly label: string
  readonly grant: Grant
  readonly endUserMode: ApiKeyEndUserMode
  /** External ids, one per line, or the prefix. */
  readonly endUsers: string
  readonly limits: readonly RateLimitValue[]
  /** Addresses and CIDR blocks, one per line; empty: any address. */
  readonly addresses: string
  /** URLs, one per line; empty: any audience. */
  readonly audiences: string
}

export const newKeyValues: KeyValues = {
  label: '',
  grant: { mode: 'custom', permissions: [] },
  endUserMode: 'ANYONE',
  endUsers: '',
  limits: [],
  addresses: '',
  audiences: '',
}

/** Names of the fields, as in the mutations' input. */
export const keyFields = ['label', 'permissions', 'endUsers', 'rateLimits', 'allowedIps', 'allowedAudiences', 'expiresAt'] as const

/** Lines of a text area, without blank ones. */
export const toLines = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')

const linesOrNull = (text: string): string[] | null => (toLines(text).length === 0 ? null : toLines(text))

function endUsersInput({ endUserMode, endUsers }: KeyValues): ApiKeyEndUsersInput {
  if (endUserMode === 'LISTED') return { externalIds: toLines(endUsers) }
  return endUserMode === 'PREFIX' ? { prefix: endUsers.trim() } : { preset: endUserMode }
}

/** The values as the common input of both mutations, without the permissions. */
export const keyInput = (values: KeyValues): Omit<UpdateApiKeyInput, 'id' | 'permissions'> => ({
  label: values.label === '' ? null : values.label,
  endUsers: endUsersInput(values),
  rateLimits: values.limits.map(({ max, window }) => ({ max: Number(max), window })),
  allowedIps: linesOrNull(values.addresses),
  allowedAudiences: linesOrNull(values.audiences),
})

interface KeyFieldsProps {
  readonly values: KeyValues
  readonly onChange: (values: KeyValues) => void
  readonly canBeAll: boolean
}

export function KeyFields({ values, onChange, canBeAll }: KeyFieldsProps): ReactElement {
  const { endUserMode, limits, addresses, audiences } = values
  const set = (change: Partial<KeyValues>): void => onChange({ ...values, ...change })
  const isLimited = endUserMode !== 'ANYONE' || limits.length > 0 || addresses !== '' || audiences !== ''
  return (
    <>
      <PermissionPicker forApiKey canBeAll={canBeAll} grant={values.grant} onChange={(grant) => set({ grant })} />
      <details open={isLimited || undefined}>
        <summary>Limits: end users, rates, addresses, audiences</summary>
        <div className="stack">
          <EndUsers values={values} onChange={set} />
          <RateLimits limits={limits} onChange={(next) => set({ limits: next })} />
          <Field
            name="allowedIps"
            label="Allowed addresses"
            help="Addresses or CIDR blocks, one per line. Empty: any address."
            multiline
            value={addresses}
            onChange={(next) => set({ addresses: next })}
          />
          <Field
            name="allowedAudiences"
            label="Allowed audiences"
            help="URLs that the key can be exchanged for, one per line. Empty: any audience."
            multiline
            value={audiences}
            onChange={(next) => set({ audiences: next })}
          />
        </div>
      </details>
    </>
  )
}

interface EndUsersProps {
  readonly values: KeyValues
  readonly onChange: (change: Partial<KeyValues>) => void
}

function EndUsers({ values: { endUserMode, endUsers }, onChange }: EndUsersProps): ReactElement {
  const isPrefix = endUserMode === 'PREFIX'
  return (
    <>
      <Choices
        label="End users that it may act for"
        options={[
          ['ANYONE', 'Every end user'],
          ['LISTED', 'Listed'],
          ['PREFIX', 'By prefix'],
          ['NOBODY', 'None'],
        ]}
        value={endUserMode}
        onChange={(mode) => onChange({ endUserMode: mode })}
      />
      {(isPrefix || endUserMode === 'LISTED') && (
        <Field
          name="endUsers"
          label={isPrefix ? 'Prefix of external ids' : 'External ids, one per line'}
          {...(isPrefix && { help: 'End it with a separator: tenant-7 includes tenant-70.' })}
          multiline={!isPrefix}
          required
          value={endUsers}
          onChange={(next) => onChange({ endUsers: next })}
        />
      )}
    </>
  )
}
