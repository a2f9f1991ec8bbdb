/** Forms: labelled fields, and the server's user errors at the field that they name. */
import { Field as Base } from '@base-ui/react/field'
import { Form as BaseForm } from '@base-ui/react/form'
import { UserErrorsError } from '@keyhouse/client'
import { useId, useMemo } from 'react'
import type { ComponentProps, ReactElement, ReactNode } from 'react'

import { Problem } from './problem.js'

import classes from './form.module.css'

interface FormProps {
  /** Error of the mutation. User errors with a path to one of `fields` are shown there, all others above the form. */
  readonly error: Error | null
  /** Names of the fields, as in the mutation's input; those of a nested input with dots. */
  readonly fields: readonly string[]
  readonly onSubmit: () => void
  readonly children: ReactNode
}

/** Splits user errors into those of a field and the rest. */
function splitErrors(error: Error | null, fields: readonly string[]): { byField: Record<string, string[]>; rest: Error | null } {
  if (!(error instanceof UserErrorsError)) return { byField: {}, rest: error }
  const byField: Record<string, string[]> = {}
  const others = error.errors.filter(({ path, message }) => {
    // The longest name wins: `auth.headers.0.name` before `auth`.
    const names = path?.slice(1) ?? []
    const field = names.map((_, i) => names.slice(0, names.length - i).join('.')).find((name) => fields.includes(name))
    if (field === undefined) return true
    byField[field] = [...(byField[field] ?? []), message]
    return false
  })
  if (others.length === 0) return { byField, rest: null }
  return { byField, rest: new Error(others.map(({ message }) => message).join(' ')) }
}

export function Form({ error, fields, onSubmit, children }: FormProps): ReactElement {
  const names = fields.join()
  // The same object as long as the error is the same: a new one would move the focus again.
  const { byField, rest } = useMemo(() => splitErrors(error, names.split(',')), [error, names])
  return (
    <BaseForm className={classes['form']} errors={byField} onFormSubmit={onSubmit} autoComplete="off">
      {rest && <Problem error={rest} focused />}
      {children}
    </BaseForm>
  )
}

interface FieldProps extends Pick<ComponentProps<'input'>, 'type' | 'inputMode' | 'min' | 'max' | 'step'> {
  /** Name in the mutation's input, with dots where it is nested. */
  readonly name: string
  readonly label: string
  readonly help?: ReactNode
  readonly value: string
  readonly onChange: (value: string) => void
  readonly required?: boolean
  readonly maxLength?: number
  /** Renders a text area. */
  readonly multiline?: boolean
}

/** Text field. Never for a secret that the server returned. */
export function Field({ name, label, help, value, onChange, multiline, ...input }: FieldProps): ReactElement {
  return (
    <Base.Root name={name} className={classes['field']}>
      <Base.Label className={classes['label']}>{label}</Base.Label>
      {help !== undefined && <Base.Description className="note">{help}</Base.Description>}
      <Base.Control
        {...input}
        {...(multiline && { render: <textarea rows={3} /> })}
        className={classes['control']}
        value={value}
        onValueChange={onChange}
        spellCheck={false}
      />
      <Base.Error className={classes['error']} />
    </Base.Root>
  )
}

export type Option<V extends string> = readonly [value: V, text: string]

interface SelectProps<V extends string> {
  readonly name: string
  readonly label: string
  readonly help?: ReactNode
  readonly options: readonly Option<V>[]
  readonly value: V
  readonly onChange: (value: V) => void
}

/** Native select: it works with every keyboard, screen reader and phone. */
export function Select<V extends string>({ name, label, help, options, value, onChange }: SelectProps<V>): ReactElement {
  return (
    <Base.Root name={name} className={classes['field']}>
      <Base.Label className={classes['label']}>{label}</Base.Label>
      {help !== undefined && <Base.Description className="note">{help}</Base.Description>}
      <Base.Control
        render={
          <select>
            {options.map(([option, text]) => (
              <option key={option} value={option}>
                {text}
              </option>
            ))}
          </select>
        }
        className={classes['control']}
        value={value}
        onValueChange={(next) => onChange(next as V)}
      />
      <Base.Error className={classes['error']} />
    </Base.Root>
  )
}

interface ChoicesProps<V extends string> {
  readonly label: string
  readonly options: readonly (Option<V> | readonly [value: V, text: string, help: string])[]
  readonly value: V
  readonly onChange: (value: V) => void
}

/** Radio buttons in a row. */
export function Choices<V extends string>({ label, options, value, onChange }: ChoicesProps<V>): ReactElement {
  const id = useId()
  return (
    <fieldset className={classes['choices']}>
      <legend className={classes['label']}>{label}</legend>
      <div className="row">
        {options.map(([option, text, help]) => (
          <label key={option} className={classes['choice']}>
            <input type="radio" name={id} checked={value === option} onChange={() => onChange(option)} />
            <span>
              {text}
              {help !== undefined && <span className="note">{help}</span>}
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  )
}

interface CheckboxProps {
  readonly label: ReactNode
  readonly checked: boolean
  readonly onChange: (checked: boolean) => void
  /** Some of what it stands for is checked. */
  readonly partial?: boolean
  readonly disabled?: boolean
}

export function Checkbox({ label, checked, onChange, partial = false, disabled }: CheckboxProps): ReactElement {
  return (
    <label className={classes['check']}>
      <input
        type="checkbox"
        ref={(input) => {
          if (input) input.indeterminate = partial && !checked
        }}
        checked={checked}
        disabled={disabled}
        onChange={(event) => onChange(event.target.checked)}
      />
      <span>{label}</span>
    </label>
  )
}

/** Row of buttons at the end of a form. */
export function FormActions({ children }: { readonly children: ReactNode }): ReactElement {
  return <div className="row">{children}</div>
}
