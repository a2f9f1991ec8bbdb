/** The check of the documents, on documents that are wrong: it must see each fault, and nothing in those that are right. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { expect, test } from '@jest/globals'

const tool = fileURLToPath(new URL('../../tools/check-docs.js', import.meta.url))

const right: Readonly<Record<string, string>> = {
  'package.json': '{"dependencies":{"good":"1.0.0"}}',
  'client/package.json': '{"devDependencies":{"@scope/other":"1.0.0"}}',
  'console/package.json': '{}',
  'package-lock.json': '{"packages":{"node_modules/good":{"license":"MIT"},"node_modules/@scope/other":{"license":"ISC"}}}',
  'src/door.ts': 'export const lock = 1\nexport const bolt = 2',
  'test/door.test.ts': "test('is shut', () => undefined)\ntest('stays shut', () => undefined)",
  'docs/threats.md': '| burglars | `src/door.ts` · `lock`, `bolt`, `src/door.ts` | `test/door.test.ts` · "is shut", "stays shut" |\n',
  'docs/dependencies.md': '| `good` | MIT | why | what |\n| `@scope/other` | ISC | why | what |\n',
  'docs/guide/README.md': 'The [door](door.md).',
  'docs/guide/door.md': '',
  'src/room/wall.ts': '',
  'README.md':
    'The layer `room`, the guide to the [door](docs/guide/door.md), [threats](docs/threats.md#top), [elsewhere](https://example.com)\n\n## Claims and tests\n\n| it shuts | `test/door.test.ts` · "is shut" |\n\n## End\n',
}

function faultsOf(changed: Readonly<Record<string, string>>): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'keyhouse-docs-'))
  for (const [path, text] of Object.entries({ ...right, ...changed })) {
    mkdirSync(join(folder, dirname(path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  const { status, stderr } = spawnSync(process.execPath, [tool], { cwd: folder, encoding: 'utf8' })
  rmSync(folder, { recursive: true })
  const faults = stderr.split('\n').filter(Boolean)
  expect(status).toBe(faults.length > 0 ? 1 : 0)
  return faults
}

test('what is right passes', () => expect(faultsOf({})).toEqual([]))

const wrong = [
  ['docs/threats.md', '`src/window.ts`', 'docs/threats.md: there is no src/window.ts'],
  ['docs/threats.md', '`src/door.ts` · `lock`, `loc`', 'docs/threats.md: src/door.ts has no loc'],
  ['docs/threats.md', '`test/door.test.ts` · "is shut", "is open"', 'docs/threats.md: test/door.test.ts has no test "is open"'],
  ['docs/dependencies.md', '| `good` | MIT | | |\n', 'docs/dependencies.md: @scope/other has no row'],
  ['docs/dependencies.md', `${right['docs/dependencies.md']}| \`gone\` | MIT | | |`, 'docs/dependencies.md: gone is no dependency'],
  [
    'package-lock.json',
    right['package-lock.json']!.replace('ISC', 'GPL-3.0'),
    'docs/dependencies.md: the licence of @scope/other is GPL-3.0, not ISC',
  ],
  ['README.md', `${right['README.md']}[nowhere](docs/nothing.md)`, 'README.md: docs/nothing.md leads nowhere'],
  ['src/tower/roof.ts', '', 'README.md: src/tower is not listed'],
  ['docs/guide/README.md', '', 'docs/guide/README.md: door.md is not listed'],
  ['README.md', right['README.md']!.replace('docs/guide/door.md', 'docs/threats.md'), 'README.md: docs/guide/door.md is not listed'],
  [
    'README.md',
    right['README.md']!.slice(0, right['README.md']!.indexOf('## Claims')),
    'README.md: there is no section "Claims and tests"',
  ],
  ['README.md', right['README.md']!.replace('is shut', 'is open'), 'README.md: test/door.test.ts has no test "is open"'],
] as const

test.each(wrong.map(([path, text, fault]) => [fault, path, text] as const))('%s', (fault, path, text) => {
  expect(faultsOf({ [path]: text })).toEqual([fault])
})
