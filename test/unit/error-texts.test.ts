/** The list of error texts, from sources that are right and wrong: none can be missing from docs/errors.md. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { describe, expect, test } from '@jest/globals'

import { gatewayErrors } from '../../src/gateway/gateway-error.js'
import { requestErrorDescriptions, userErrorDescriptions } from '../../src/lib/error-codes.js'
import { oauthErrors } from '../../src/oauth/oauth-error.js'
import { collectErrors } from '../../tools/error-sites.js'

function collect(source: string): ReturnType<typeof collectErrors> {
  const folder = mkdtempSync(join(tmpdir(), 'keyhouse-errors-'))
  writeFileSync(join(folder, 'source.ts'), source)
  try {
    return collectErrors(userErrorDescriptions, join(folder, '*.ts'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const texts = (source: string): string[] => collect(source).rows.map(({ text }) => text)

describe('follows a text to its literals', () => {
  test.each([
    ['a literal', "throw new RequestError('BAD_REQUEST', 'Send it.')", ['Send it.']],
    [
      'a template, with constants as numbers',
      "const max = 1_000\nthrow new CommandError(`At most ${max} of ${list.join(', ')}.`)",
      ['At most 1000 of {list}.'],
    ],
    ['both branches', "throw new CommandError(isFirst ? 'Send it.' : 'Leave it.')", ['Send it.', 'Leave it.']],
    [
      'a parameter, from every call',
      "const fail = (text: string) => new CommandError(text)\nfail('Send it.')\nfail('Leave it.')",
      ['Send it.', 'Leave it.'],
    ],
    [
      'a return value',
      "function rule() {\n  if (x) return undefined\n  return 'must be short'\n}\nthrow new CommandError(`It ${rule()}.`)",
      ['It must be short.'],
    ],
    ['a table', "const table = { A: 'Send it.', B: 'Leave it.' } as const\nthrow new CommandError(table[key])", ['Send it.', 'Leave it.']],
    [
      'the variable of its own block',
      "function f() {\n  if (a) {\n    const text = 'Send it.'\n    throw new CommandError(text)\n  }\n  const text = 1\n}",
      ['Send it.'],
    ],
  ])('%s', (_name, source, expected) => expect(texts(source)).toEqual(expected))

  test('a variable is named, with the numbers of its own call', () => {
    const source = 'class Reader {\n  integer(name, min, max) {\n    this.rejectVariable(name, `must be from ${min} to ${max}`)\n  }\n}'
    expect(collect(`${source}\nreader.integer('PORT', 0, 9)`).faults).toEqual([])
  })

  test('the code and the status come with it', () => {
    const source = "throw new RequestError('BAD_REQUEST', 'Send it.', {}, { status: 406 })"
    expect(collect(source).rows).toEqual([{ kind: 'request', code: 'BAD_REQUEST', status: [406], text: 'Send it.' }])
  })
})

describe('finds what it cannot list', () => {
  test.each([
    ['a text from elsewhere', "throw new RequestError('BAD_REQUEST', window.text)", 'leads to no literal: text'],
    ['a sentence that no known error has', "throw new OtherError('Send it again, please.')", 'no error that is known here'],
  ])('%s', (_name, source, fault) => expect(collect(source).faults).toEqual([expect.stringContaining(fault)]))

  test('a message that is passed on, a log message and a description are none', () => {
    const source = "throw new CommandError(error.message)\nlog.info('Served it all.')\nregister({ description: 'Tells it all.' })"
    expect(collect(source)).toEqual({ rows: [], faults: [] })
  })
})

test('the page has each code, with its cause and its remedy', () => {
  const page = readFileSync('docs/errors.md', 'utf8').replaceAll('&lt;', '<')
  for (const table of [userErrorDescriptions, requestErrorDescriptions, gatewayErrors, oauthErrors]) {
    for (const [code, { cause, remedy }] of Object.entries(table)) {
      expect(page).toMatch(new RegExp(`^### .*\`${code}\``, 'm'))
      expect(page).toContain(`**Cause.** ${cause} **Remedy.** ${remedy}`)
    }
  }
})
