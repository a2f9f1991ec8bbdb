/** Custom HTTP headers of a credential: a name and a value each. */
import type { HttpHeaderInput } from '@keyhouse/client'
import type { ReactElement } from 'react'

import { Button } from '../parts/button.js'
import { Field } from '../parts/form.js'

import classes from '../parts/form.module.css'

/** Limit of `auth.headers`. */
const maxHeaders = 32

export const emptyHeader: HttpHeaderInput = { name: '', value: '' }

const headerField = (index: number, name: keyof HttpHeaderInput): string => `auth.headers.${index}.${name}`

/** Names of the fields, for `Form`. */
export const headerFields = (headers: readonly HttpHeaderInput[]): string[] =>
  headers.flatMap((_, index) => [headerField(index, 'name'), headerField(index, 'value')])

interface HeaderFieldsProps {
  readonly headers: readonly HttpHeaderInput[]
  readonly onChange: (headers: readonly HttpHeaderInput[]) => void
}

export function HeaderFields({ headers, onChange }: HeaderFieldsProps): ReactElement {
  const set = (index: number, change: Partial<HttpHeaderInput>): void =>
    onChange(headers.map((header, other) => (other === index ? { ...header, ...change } : header)))
  const numbered = (text: string, index: number): string => (headers.length === 1 ? text : `${text} ${index + 1}`)
  return (
    <>
      {headers.map(({ name, value }, index) => (
        <div key={index} className={classes['own']}>
          <Field
            name={headerField(index, 'name')}
            label={numbered('Header name', index)}
            required
            maxLength={256}
            value={name}
            onChange={(text) => set(index, { name: text })}
          />
          <Field
            name={headerField(index, 'value')}
            label={numbered('Value', index)}
            type="password"
            required
            maxLength={8192}
            value={value}
            onChange={(text) => set(index, { value: text })}
          />
          {headers.length > 1 && (
            <Button
              variant="quiet"
              icon="close"
              aria-label={numbered('Remove header', index)}
              onClick={() => onChange(headers.filter((_, other) => other !== index))}
            />
          )}
        </div>
      ))}
      <div className="row">
        <Button
          icon="plus"
          disabledReason={headers.length < maxHeaders ? undefined : `A credential has at most ${maxHeaders} headers.`}
          onClick={() => onChange([...headers, emptyHeader])}
        >
          Add header
        </Button>
      </div>
    </>
  )
}
