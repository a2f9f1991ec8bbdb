/** Examples with packages of their own parse and are pinned. test/long/examples.test.ts installs and runs them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from '@jest/globals'
import { transform } from 'esbuild'

import { root } from './support/shell.js'

const folder = join(root, 'examples')
const examples = readdirSync(folder).filter((name) => ['package.json', 'agent.js'].every((file) => existsSync(join(folder, name, file))))
const textAt = (example: string, file: string): string => readFileSync(join(folder, example, file), 'utf8')

interface Manifest {
  readonly dependencies: Record<string, string>
}
interface LockFile {
  readonly packages: Record<string, Manifest & { readonly version: string }>
}

test('the agents with packages of their own are known', () => {
  expect(examples).toEqual(['ai-sdk', 'langchain'])
})

test.each(examples)('examples/%s imports only Node and packages that it pins and locks', async (example) => {
  const { dependencies } = JSON.parse(textAt(example, 'package.json')) as Manifest
  const { packages } = JSON.parse(textAt(example, 'package-lock.json')) as LockFile
  expect(packages['']!.dependencies).toEqual(dependencies)
  for (const [name, version] of Object.entries(dependencies)) {
    expect([name, version]).toEqual([name, expect.stringMatching(/^\d+\.\d+\.\d+$/)])
    expect(packages[`node_modules/${name}`]!.version).toBe(version)
  }
  const { code } = await transform(textAt(example, 'agent.js'), { loader: 'js', format: 'esm' })
  const imports = [...code.matchAll(/from "([^"]+)"/g)].map(([, name = '']) => name)
  expect(imports.filter((name) => !Object.keys(dependencies).some((one) => name === one || name.startsWith(`${one}/`)))).toEqual([])
})
