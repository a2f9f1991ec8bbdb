// Plants a fault for each lint rule that guards the architecture, and expects the project's own configuration to find it.
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { faults, lawful } from './lint-rules.snippets.js'

const root = resolve(import.meta.dirname, '../..')
const project = await mkdtemp(join(tmpdir(), 'keyhouse-lint-'))
const found = new Map<string, Set<string>>()

beforeAll(async () => {
  // A copy, because the configuration names files by their place in the project.
  await Promise.all(
    ['.oxlintrc.json', 'tsconfig.json', '.gitignore', 'tools'].map((name) =>
      cp(join(root, name), join(project, name), { recursive: true }),
    ),
  )
  await symlink(join(root, 'node_modules'), join(project, 'node_modules'), 'junction')
  for (const [name, { at, code }] of Object.entries({ ...faults, ...lawful })) {
    const file = fileOf(name, at)
    await mkdir(dirname(join(project, file)), { recursive: true })
    await writeFile(join(project, file), code)
    found.set(file, new Set())
  }
  for (const { filename, code } of await lint()) found.get(filename)?.add(code)
})

afterAll(() => rm(project, { recursive: true, force: true }))

test.each(Object.entries(faults))('%s', (name, { at, rule }) => {
  expect(found.get(fileOf(name, at))).toContain(rule)
})

test.each(Object.entries(lawful))('lets pass: %s', (name, { at }) => {
  expect([...(found.get(fileOf(name, at)) ?? [])]).toEqual([])
})

/** A place that ends in a slash is a folder, which gets a file named after the fault. */
function fileOf(name: string, at: string): string {
  return at.endsWith('/') ? `${at}${name.replaceAll(/\W+/g, '-')}.ts` : at
}

interface Finding {
  filename: string
  code: string
}

async function lint(): Promise<Finding[]> {
  const oxlint = join(root, 'node_modules/oxlint/bin/oxlint')
  const output = await new Promise<string>((done) => {
    execFile(process.execPath, [oxlint, '--format', 'json'], { cwd: project, maxBuffer: 1 << 26 }, (_error, stdout) => done(stdout))
  })
  const { diagnostics } = JSON.parse(output) as { diagnostics: Finding[] }
  return diagnostics.map(({ filename, code }) => ({ filename: filename.replaceAll('\\', '/'), code }))
}
