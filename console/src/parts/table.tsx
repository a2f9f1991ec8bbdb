/** Tables of a page of rows. Below 720 px each row becomes a card. */
import type { ReactElement, ReactNode } from 'react'

import { useFilters } from '../filters.js'
import { Button } from './button.js'
import { Skeleton } from './problem.js'

import classes from './table.module.css'

export interface Column<R> {
  readonly title: string
  readonly cell: (row: R) => ReactNode
  /** Name of the field that the server orders by; the header becomes a button. */
  readonly order?: string
  readonly numeric?: boolean
}

interface TableProps<R> {
  /** Name of the table for screen readers. */
  readonly caption: string
  readonly columns: readonly Column<R>[]
  /** Undefined while loading. */
  readonly rows: readonly R[] | undefined
  readonly rowKey: (row: R) => string
  /** Shown instead of a table without rows. */
  readonly empty: ReactNode
  readonly pageInfo?: PageInfo | undefined
}

interface PageInfo {
  readonly startCursor: string | null
  readonly endCursor: string | null
  readonly hasNextPage: boolean
  readonly hasPreviousPage: boolean
}

export function Table<R>({ caption, columns, rows, rowKey, empty, pageInfo }: TableProps<R>): ReactElement {
  if (rows === undefined) return <Skeleton />
  if (rows.length === 0) return <>{empty}</>
  return (
    <>
      {/* The roles restate what `display: block` takes away on narrow screens. */}
      <table role="table" className={classes['table']}>
        <caption className="visually-hidden">{caption}</caption>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map((column) => (
              <Header key={column.title} column={column} />
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row) => (
            <tr key={rowKey(row)} role="row">
              {columns.map(({ title, cell, numeric }) => (
                <td key={title} role="cell" data-title={title} className={numeric ? classes['numeric'] : undefined}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {pageInfo && <Pager {...pageInfo} />}
    </>
  )
}

/** Reads the order from the URL, such as `order=LABEL` or `order=-LABEL` for descending. */
export function useOrder<F extends string>(fields: readonly F[]): { field: F; direction: 'ASC' | 'DESC' } | null {
  const value = useFilters().get('order')
  const field = fields.find((name) => name === value.replace('-', ''))
  return field === undefined ? null : { field, direction: value.startsWith('-') ? 'DESC' : 'ASC' }
}

function Header<R>({ column: { title, order, numeric } }: { readonly column: Column<R> }): ReactElement {
  const filters = useFilters()
  const className = numeric ? classes['numeric'] : undefined
  if (order === undefined) {
    return (
      <th role="columnheader" scope="col" className={className}>
        {title}
      </th>
    )
  }
  const current = filters.get('order')
  const sort = current === order ? 'ascending' : current === `-${order}` ? 'descending' : 'none'
  return (
    <th role="columnheader" scope="col" aria-sort={sort} className={className}>
      <button type="button" onClick={() => filters.set({ order: sort === 'descending' ? order : `-${order}` })}>
        {title} <span aria-hidden="true">{{ ascending: '↑', descending: '↓', none: '↕' }[sort]}</span>
      </button>
    </th>
  )
}

function Pager({ startCursor, endCursor, hasNextPage, hasPreviousPage }: PageInfo): ReactElement | null {
  const filters = useFilters()
  if (!hasNextPage && !hasPreviousPage) return null
  const turn = (name: 'after' | 'before', cursor: string | null): void => filters.set({ [name]: cursor ?? '' })
  return (
    <nav aria-label="Pages" className="row">
      <Button disabledReason={hasPreviousPage ? undefined : 'This is the first page.'} onClick={() => turn('before', startCursor)}>
        Previous
      </Button>
      <Button disabledReason={hasNextPage ? undefined : 'This is the last page.'} onClick={() => turn('after', endCursor)}>
        Next
      </Button>
    </nav>
  )
}
