/** Bar chart of at most 60 counts, as SVG. Place a table with the same numbers beside it. */
import type { ReactElement } from 'react'

import classes from './text.module.css'

export interface Bar {
  readonly label: string
  readonly requests: number
  readonly denied: number
}

const height = 80
const gap = 2

export function Bars({ bars, label }: { readonly bars: readonly Bar[]; readonly label: string }): ReactElement {
  const max = Math.max(1, ...bars.map(({ requests }) => requests))
  const scale = (count: number): number => (count === 0 ? 0 : Math.max(1, (count / max) * height))
  return (
    <svg className={classes['bars']} role="img" aria-label={label} viewBox={`0 0 ${bars.length * 12} ${height}`} preserveAspectRatio="none">
      {bars.map(({ label: name, requests, denied }, index) => (
        <g key={name}>
          <title>{`${name}: ${requests} requests, ${denied} refused`}</title>
          <rect x={index * 12 + gap / 2} width={12 - gap} y={height - scale(requests)} height={scale(requests)} />
          <rect
            className={classes['refused']}
            x={index * 12 + gap / 2}
            width={12 - gap}
            y={height - scale(denied)}
            height={scale(denied)}
          />
        </g>
      ))}
    </svg>
  )
}
