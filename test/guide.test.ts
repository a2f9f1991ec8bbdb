/** The guide and the READMEs do what they say: every block that can be typed is typed, every answer compared. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'

import { expect, test } from '@jest/globals'
import { parse, validate } from 'graphql'

import { makeSchema } from '../src/schema.js'
import { Guide } from './support/guide.js'
import { blocksOf, type Block } from './support/pages.js'

const root = resolve(import.meta.dirname, '..')

/** Blocks that are not executed here, by what they hold, and why. */
const leftOut: readonly (readonly [holds: RegExp, reason: string])[] = [
  [/DATABASE_URL=|pg_dump|pg_restore/, 'needs a PostgreSQL of its own: backup.test.ts and first-start.test.ts do it'],
  [
    /localhost:3001|^jane\(|^ADMIN=|^GRACE=|^gql \$ADMIN|^SLOW=|usage\(from: /m,
    'prints the tokens, times and counts of one run: mcp, people, audit, rate-limits and usage.test.ts do the same',
  ],
  [/keyhouse (api-key create|sign-in)/, 'is for whoever lost everything, and would add to the lists below: cli.test.ts does it'],
]

const reasonFor = ({ text }: Block): string | undefined => leftOut.find(([holds]) => holds.test(text))?.[1]

const pages = readdirSync(resolve(root, 'docs/guide')).filter((name) => name.endsWith('.md'))

test.each(['README.md', 'examples/downstream/README.md', ...pages.map((name) => `docs/guide/${name}`)])('%s', async (page) => {
  // Each on a server of its own: the revocation list is the deployment's.
  const guide = await Guide.start()
  try {
    expect(await guide.follow(resolve(root, page), reasonFor)).toEqual([])
  } finally {
    await guide.close()
  }
})

const operations = readdirSync(resolve(root, 'examples/operations'))
const operation = (name: string): string => readFileSync(resolve(root, 'examples/operations', name), 'utf8')

test.each(operations)('examples/operations/%s fits the schema', (name) => {
  expect(validate(makeSchema(), parse(operation(name)))).toEqual([])
})

const comingFrom = resolve(root, 'docs/guide/coming-from.md')

test('coming-from.md shows every document of examples/operations, letter for letter', () => {
  const shown = blocksOf(comingFrom).flatMap(({ language, text }) => (language === 'graphql' ? [text] : []))
  expect([...new Set(shown)].toSorted()).toEqual(operations.map(operation).toSorted())
})

interface Row {
  readonly theirs: string
  readonly here: string
}

/** The table under a vendor's heading. */
function rowsOf(vendor: string): Row[] {
  const chapter =
    readFileSync(comingFrom, 'utf8')
      .split(/^## /m)
      .find((one) => one.startsWith(`${vendor}\n`)) ?? ''
  const [, table = ''] = /\| theirs \| here \|\n\|---\|---\|\n((?:\|.*\n)+)/.exec(chapter) ?? []
  return [...table.matchAll(/^\| `([^`]+)` \| (.+) \|$/gm)].map(([, theirs = '', here = '']) => ({ theirs, here }))
}

const vendors = JSON.parse(readFileSync(resolve(root, 'docs/guide/vendors.json'), 'utf8')) as Record<string, string[]>

test.each(Object.keys(vendors))('every operation of %s has a counterpart or a reason', (vendor) => {
  const rows = rowsOf(vendor)
  expect(rows.map(({ theirs }) => theirs)).toEqual(vendors[vendor])
  for (const { theirs, here } of rows) {
    const [, document] = /\]\(\.\.\/\.\.\/examples\/operations\/([\w-]+\.graphql)\)/.exec(here) ?? []
    const isThere = document !== undefined && operations.includes(document)
    const isPath = /^`\/[\w./-]+`/.test(here)
    const isReasoned = /^none: .{20,}/.test(here)
    expect([theirs, isThere || isPath || isReasoned]).toEqual([theirs, true])
  }
})

test('every link of the guide leads somewhere', () => {
  const files = ['README.md', ...pages.map((name) => `docs/guide/${name}`)]
  for (const file of files) {
    for (const [, target = ''] of readFileSync(resolve(root, file), 'utf8').matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)) {
      if (!/^https?:/.test(target)) expect([file, target, existsSync(resolve(root, file, '..', target))]).toEqual([file, target, true])
    }
  }
})
