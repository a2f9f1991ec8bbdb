/** HTML of the pages for end users: escaping, and the colours of the console. */
import { readFileSync } from 'node:fs'

import { expect, test } from '@jest/globals'

import { html } from '../../src/authorization-server/pages/html.js'
import { pageStyle } from '../../src/authorization-server/pages/page-style.js'

test('every value is escaped, and what is HTML already is not', () => {
  const hostile = `<img src=x onerror='alert("1")'>&amp;`
  const escaped = '&lt;img src=x onerror=&#39;alert(&quot;1&quot;)&#39;&gt;&amp;amp;'
  expect(html`<p title="${hostile}">${hostile}</p>`.text).toBe(`<p title="${escaped}">${escaped}</p>`)
  expect(html`${[html`<b>${'<'}</b>`, '>', 1]}`.text).toBe('<b>&lt;</b>&gt;1')
  expect(html`${null}${undefined}${false}${0}`.text).toBe('0')
})

test('the pages have the colours of the console', () => {
  const colorsOf = (css: string): Map<string, string> =>
    new Map([...css.matchAll(/(--[\w-]+): (light-dark\([^;]+\));/g)].map(([, name, value]) => [name!, value!]))
  const console = colorsOf(readFileSync('console/src/styles/tokens.css', 'utf8'))
  const own = colorsOf(pageStyle)
  expect(own.size).toBeGreaterThan(8)
  for (const [name, value] of own) expect([name, value]).toEqual([name, console.get(name)])
})
