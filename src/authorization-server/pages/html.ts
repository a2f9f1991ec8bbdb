/** HTML with every value escaped: the only way in which pages of this folder are written. */

/** Text that is HTML already. */
export class Html {
  constructor(readonly text: string) {}
}

type Value = Html | string | number | null | undefined | false | readonly Value[]

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function toHtml(value: Value): string {
  if (value instanceof Html) return value.text
  if (value === null || value === undefined || value === false) return ''
  if (typeof value === 'object') return value.map(toHtml).join('')
  return String(value).replaceAll(/[&<>"']/g, (character) => entities[character]!)
}

/** Template tag: escapes strings and numbers, joins lists, and omits null, undefined and false. Quote every attribute. */
export const html = (parts: TemplateStringsArray, ...values: readonly Value[]): Html =>
  new Html(parts.map((part, i) => part + (i < values.length ? toHtml(values[i]) : '')).join(''))
