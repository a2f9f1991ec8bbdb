/** Filters above a list. Their values are in the URL. */
import { useEffect, useId, useState } from 'react'
import type { ReactElement, ReactNode } from 'react'

import { useFilters } from '../filters.js'
import { Button } from './button.js'
import type { Option } from './form.js'

import classes from './form.module.css'

const debounceMs = 250

export function FilterBar({ children }: { readonly children: ReactNode }): ReactElement {
  const { isFiltered, clear } = useFilters()
  return (
    <div role="search" className={classes['bar']}>
      {children}
      {isFiltered && (
        <Button variant="quiet" onClick={clear}>
          Clear filters
        </Button>
      )}
    </div>
  )
}

interface SearchFilterProps {
  /** Name of the parameter in the URL. */
  readonly name?: string
  readonly label: string
  readonly type?: 'search' | 'datetime-local'
}

/** Text filter, sent after a pause in typing. The key `/` moves the focus here. */
export function SearchFilter({ name = 'search', label, type = 'search' }: SearchFilterProps): ReactElement {
  const id = useId()
  const { get, set } = useFilters()
  const value = get(name)
  const [text, setText] = useState(value)
  useEffect(() => setText(value), [value])
  useEffect(() => {
    if (text === value) return undefined
    const timer = setTimeout(() => set({ [name]: text }), debounceMs)
    return () => clearTimeout(timer)
    // `set` and `value` change with every render of the router.
  }, [text])
  return (
    <div className={`${classes['field']} ${classes['search']}`}>
      <label htmlFor={id} className="note">
        {label}
      </label>
      <input
        id={id}
        type={type}
        data-search={type === 'search' ? '' : undefined}
        maxLength={255}
        className={classes['control']}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
    </div>
  )
}

interface ChoiceFilterProps {
  readonly name: string
  readonly label: string
  /** Without the option for no filter. */
  readonly options: readonly Option<string>[]
  readonly all?: string
}

export function ChoiceFilter({ name, label, options, all = 'Any' }: ChoiceFilterProps): ReactElement {
  const id = useId()
  const { get, set } = useFilters()
  return (
    <div className={classes['field']}>
      <label htmlFor={id} className="note">
        {label}
      </label>
      <select id={id} className={classes['control']} value={get(name)} onChange={(event) => set({ [name]: event.target.value })}>
        <option value="">{all}</option>
        {options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </div>
  )
}
