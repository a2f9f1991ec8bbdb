/** Icons: 16 px outlines from Lucide (ISC), drawn with the text colour. */
import type { ReactElement } from 'react'

const paths = {
  approvals: 'M9 12l2 2 4-4M12 3l7 3v6c0 4.5-3 7.5-7 9-4-1.5-7-4.5-7-9V6z',
  audit: 'M8 3h8l4 4v14H4V3h4M8 11h8M8 15h8M8 7h4',
  check: 'M20 6L9 17l-5-5',
  chevron: 'M9 18l6-6-6-6',
  close: 'M18 6L6 18M6 6l12 12',
  copy: 'M9 9h12v12H9zM5 15H3V3h12v2',
  key: 'M21 2l-9.6 9.6M15.5 7.5l3 3L22 7l-3-3M12 15.5a5.5 5.5 0 1 1-11 0 5.5 5.5 0 0 1 11 0z',
  me: 'M20 21a8 8 0 0 0-16 0M16 7a4 4 0 1 1-8 0 4 4 0 0 1 8 0z',
  oauth: 'M9 2v6M15 2v6M6 8h12v3a6 6 0 0 1-12 0zM12 17v5',
  overview: 'M3 12l9-9 9 9M5 10v11h14V10',
  people: 'M16 21a6 6 0 0 0-12 0M14 7a4 4 0 1 1-8 0 4 4 0 0 1 8 0zM22 21a6 6 0 0 0-4-5.7M16 3.1a4 4 0 0 1 0 7.8',
  plus: 'M12 5v14M5 12h14',
  search: 'M21 21l-4.3-4.3M19 11a8 8 0 1 1-16 0 8 8 0 0 1 16 0z',
  server: 'M3 4h18v7H3zM3 13h18v7H3zM7 7.5h.01M7 16.5h.01',
  settings: 'M4 6h10M18 6h2M4 12h4M12 12h8M4 18h10M18 18h2M16 4v4M10 10v4M16 16v4',
  signOut: 'M9 21H4V3h5M16 17l5-5-5-5M21 12H9',
  token: 'M2 9a3 3 0 0 0 0 6v4h20v-4a3 3 0 0 1 0-6V5H2zM13 5v2M13 11v2M13 17v2',
  usage: 'M4 20V10M12 20V4M20 20v-7',
  user: 'M12 22a10 10 0 1 0 0-20 10 10 0 0 0 0 20zM15 10a3 3 0 1 1-6 0 3 3 0 0 1 6 0zM6 19a6 6 0 0 1 12 0',
  warning: 'M12 9v4M12 17h.01M10.3 3.9L1.8 18a2 2 0 0 0 1.7 3h17a2 2 0 0 0 1.7-3L13.7 3.9a2 2 0 0 0-3.4 0z',
} as const

export type IconName = keyof typeof paths

/** Decorative: the control that contains it has a text. */
export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }): ReactElement {
  return (
    <svg
      aria-hidden="true"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      <path d={paths[name]} />
    </svg>
  )
}
