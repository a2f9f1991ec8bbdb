/** The guide and the READMEs: every command is executed and every printed answer compared. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'

import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { parse, validate } from 'graphql'

import { buildSchema } from '../src/schema.js'
import { isPostgres } from './support/database.js'
import { codeBlocksOf, type CodeBlock } from './support/guide-pages.js'
import { programOf, programs } from './support/guide-programs.js'
import { Guide } from './support/guide.js'
import type { Listening } from './support/local-server.js'
import { everythingServer } from './support/mcp.js'
import { pgDump } from './support/postgres-dump.js'

const root = resolve(import.meta.dirname, '..')

interface Elsewhere {
  readonly holds: RegExp
  readonly isHere: boolean
  /** Why not everywhere, and what does it instead. */
  readonly reason: string
}

/** Blocks that not every run can execute. */
const elsewhere: readonly Elsewhere[] = [
  {
    holds: /docker build/,
    isHere: false,
    reason: 'needs a container engine, and would leave an image behind: npm run rehearse takes the same steps without one',
  },
  {
    holds: /npm ci --prefix/,
    isHere: false,
    reason: 'installs a framework: npm run test:long executes it, in test/long/examples.test.ts',
  },
  { holds: /export DATABASE_URL/, isHere: isPostgres, reason: 'needs PostgreSQL: executed in the project of that name' },
  { holds: /keyhouse[ -]backup/, isHere: !isPostgres, reason: 'is for SQLite: executed in the project of that name' },
  {
    holds: /pg_dump --|pg_restore --/,
    isHere: pgDump !== undefined,
    reason: 'needs the pg_dump of this PostgreSQL: backup.test.ts copies rows in its place',
  },
]

const isExecuted = ({ text }: CodeBlock): boolean => elsewhere.every(({ holds, isHere }) => isHere || !holds.test(text))

const guidePages = readdirSync(resolve(root, 'docs/guide')).filter((name) => name.endsWith('.md'))
const allPages = ['README.md', 'examples/downstream/README.md', 'docs/observability.md', ...guidePages.map((name) => `docs/guide/${name}`)]
const allBlocks = allPages.flatMap((page) => codeBlocksOf(resolve(root, page)).map((block) => ({ page, ...block })))
const needsPostgres = /DATABASE_URL|pg_dump/
/** On PostgreSQL those that name it: the others print the same on both. */
const pages = isPostgres
  ? allPages.filter((page) => allBlocks.some((block) => block.page === page && needsPostgres.test(block.text)))
  : allPages

/** What a run says of itself: which languages of the page this machine does not speak. */
function titleOf(page: string): string {
  const spoken = allBlocks.filter((block) => block.page === page).map((block) => programOf(block))
  const missing = Object.entries(programs).flatMap(([program, { isInstalled }]) =>
    spoken.includes(program) && !isInstalled ? [program] : [],
  )
  return missing.length === 0 ? page : `${page}, but for its ${missing.join(' and ')}, which is not installed here`
}

let upstream: Listening
beforeAll(async () => {
  upstream = await everythingServer()
})
afterAll(() => upstream.close())

test.each(pages.map((page) => [titleOf(page), page]))(
  '%s',
  async (_title, page) => {
    // Each on a server of its own: the revocation list is the deployment's.
    const guide = await Guide.start(upstream.origin)
    try {
      expect(await guide.follow(resolve(root, page), isExecuted)).toEqual([])
    } finally {
      await guide.close()
    }
  },
  // Go compiles its standard library when it has never done so.
  120_000,
)

test.each(elsewhere.filter(({ isHere }) => !isHere))('not executed here: $holds $reason', ({ holds }) => {
  expect(allBlocks.filter(({ text }) => holds.test(text))).not.toEqual([])
})

const operations = readdirSync(resolve(root, 'examples/operations')).filter((name) => name.endsWith('.graphql'))
const operation = (name: string): string => readFileSync(resolve(root, 'examples/operations', name), 'utf8')

test.each(operations)('examples/operations/%s fits the schema', (name) => {
  expect(validate(buildSchema(), parse(operation(name)))).toEqual([])
})

const comingFrom = resolve(root, 'docs/guide/coming-from.md')

test('coming-from.md shows every document of examples/operations, letter for letter', () => {
  const shown = codeBlocksOf(comingFrom).flatMap(({ language, text }) => (language === 'graphql' ? [text] : []))
  expect([...new Set(shown)].toSorted()).toEqual(operations.map(operation).toSorted())
})

interface Row {
  readonly theirs: string
  readonly here: string
}

const chapterOf = (vendor: string): string =>
  readFileSync(comingFrom, 'utf8')
    .split(/^## /m)
    .find((one) => one.startsWith(`${vendor}\n`)) ?? ''

/** The first table under a vendor's heading: its operations. */
function rowsOf(vendor: string): Row[] {
  const [, table = ''] = /\| theirs \| here \|\n\|---\|---\|\n((?:\|.*\n)+)/.exec(chapterOf(vendor)) ?? []
  return [...table.matchAll(/^\| `([^`]+)` \| (.+) \|$/gm)].map(([, theirs = '', here = '']) => ({ theirs, here }))
}

interface Vendor {
  readonly operations: readonly string[]
  readonly fields: readonly string[]
  readonly statuses: readonly string[]
}

const vendors = JSON.parse(readFileSync(resolve(root, 'docs/guide/vendors.json'), 'utf8')) as Record<string, Vendor>

test.each(Object.keys(vendors))('every operation of %s has a counterpart or a reason', (vendor) => {
  const rows = rowsOf(vendor)
  expect(rows.map(({ theirs }) => theirs)).toEqual(vendors[vendor]?.operations)
  for (const { theirs, here } of rows) {
    const [, document] = /\]\(\.\.\/\.\.\/examples\/operations\/([\w-]+\.graphql)\)/.exec(here) ?? []
    const isThere = document !== undefined && operations.includes(document)
    const isPath = /^`\/[\w./{}-]+`/.test(here)
    const isReasoned = /^none: .{20,}/.test(here)
    expect([theirs, isThere || isPath || isReasoned]).toEqual([theirs, true])
  }
})

test.each(Object.keys(vendors))('every field and every status of %s stands in a table, with what there is here', (vendor) => {
  const theirs = [...chapterOf(vendor).matchAll(/^\| (.+?) \| .+ \|$/gm)].map(([, cell = '']) => cell)
  const named = theirs.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name))
  const numbered = theirs.flatMap((cell) => cell.match(/\b[2-5]\d\d\b/g) ?? [])
  expect(vendors[vendor]?.fields.filter((field) => !named.includes(field))).toEqual([])
  expect(vendors[vendor]?.statuses.filter((status) => !numbered.includes(status))).toEqual([])
})

/** What GitHub makes of headings. */
const anchorsOf = (file: string): string[] =>
  [...readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  )

test('every link of the guide leads somewhere, to a heading if it names one', () => {
  for (const page of [...pages, 'client/README.md']) {
    for (const [, target = '', anchor] of readFileSync(resolve(root, page), 'utf8').matchAll(/\]\(([^)#]*)(?:#([^)]*))?\)/g)) {
      if (/^https?:/.test(target)) continue
      const file = target === '' ? resolve(root, page) : resolve(root, page, '..', target)
      expect([page, target, existsSync(file)]).toEqual([page, target, true])
      if (anchor !== undefined) expect([page, anchor, anchorsOf(file).includes(anchor)]).toEqual([page, anchor, true])
    }
  }
})
