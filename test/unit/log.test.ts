/** Log lines are buffered: none is lost when the process ends or is quiet, and an unwritable stdout ends nothing. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { text } from 'node:stream/consumers'

import { expect, test } from '@jest/globals'

/** Runs a program with a logger of the built code in a process of its own. */
function run(program: string, stdout: 'pipe' | number = 'pipe'): ChildProcess {
  const source = `import { createLogger } from '${new URL('../../dist/observability/log.js', import.meta.url).href}'\nconst log = createLogger('info')\n${program}`
  return spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: ['pipe', stdout, 'pipe'], timeout: 10_000 })
}

test.each([
  ['exits', 'process.exit(1)', 1],
  ['ends by itself', '', 0],
  [
    'crashes',
    "process.once('uncaughtException', (err) => { log.fatal({ err }, 'last'); process.exit(1) }); throw new TypeError('boom')",
    1,
  ],
])('a process that %s has written every line, in order', async (_name, ending, code) => {
  const child = run(`for (let n = 0; n < 500; n++) log.info({ n }, 'line')\n${ending}`)
  const [output, [exitCode]] = await Promise.all([text(child.stdout!), once(child, 'exit')])
  const lines = output.trim().split('\n')
  expect(lines.slice(0, 500).map((line) => JSON.parse(line).n)).toEqual(Array.from({ length: 500 }, (_, n) => n))
  expect(lines.slice(500).map((line) => JSON.parse(line))).toEqual(
    ending.includes('boom') ? [expect.objectContaining({ msg: 'last', err: expect.objectContaining({ type: 'TypeError' }) })] : [],
  )
  expect(exitCode).toBe(code)
})

test('a single line is written while the process goes on', async () => {
  const child = run("log.info('only one'); process.stdin.once('data', () => process.exit(0))")
  const [chunk] = await once(child.stdout!, 'data')
  expect(JSON.parse(String(chunk)).msg).toBe('only one')
  child.stdin!.write('end')
  expect(await once(child, 'exit')).toEqual([0, null])
})

test('a full disk neither ends the process nor keeps it from ending', async () => {
  const program =
    "for (let n = 0; n < 500; n++) log.info({ n }, 'line'); process.stdin.once('data', () => { log.fatal('last'); process.exit(3) })"
  const child = run(`${program}\nprocess.stderr.write('alive')`, openSync('/dev/full', 'w'))
  const [chunk] = await once(child.stderr!, 'data')
  expect(String(chunk)).toBe('alive')
  child.stdin!.write('end')
  expect(await once(child, 'exit')).toEqual([3, null])
})

test('a closed pipe neither ends the process nor keeps it from ending', async () => {
  const child = run(
    "process.stdin.once('data', () => { for (let n = 0; n < 500; n++) log.info({ n }, 'line'); log.fatal('last'); process.exit(3) })",
  )
  child.stdout!.destroy()
  child.stdin!.write('end')
  expect(await once(child, 'exit')).toEqual([3, null])
})
