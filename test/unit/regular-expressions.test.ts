/** Every regular expression in src, tried with input that repeats: none takes more than linear time. */
import { readdirSync, readFileSync } from 'node:fs'

import { expect, test } from '@jest/globals'
import { parseSync } from '@swc/core'

import { cpuOf } from '../support/event-loop-stall.js'

interface Pattern {
  readonly file: string
  readonly pattern: string
  readonly flags: string
}

const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))

function* nodesIn(node: unknown): Generator<Record<string, unknown>> {
  if (typeof node !== 'object' || node === null) return
  if (typeof Reflect.get(node, 'type') === 'string') yield node as Record<string, unknown>
  for (const inner of Object.values(node)) yield* nodesIn(inner)
}

const nodes = files.flatMap((file) =>
  [...nodesIn(parseSync(readFileSync(`src/${file}`, 'utf8'), { syntax: 'typescript', decorators: true }))].map((node) => ({ file, node })),
)

const patterns: Pattern[] = nodes.flatMap(({ file, node }) =>
  node['type'] === 'RegExpLiteral' ? [{ file, pattern: String(node['pattern']), flags: String(node['flags']) }] : [],
)

const characters = Array.from('aAzZ09fF._-+/%\\"\'@:;,=<>*#!?()[]{}& \t\n\0\u00e9\u{1F511}')
/** Characters that a pattern names are those that it may repeat over. */
const repeated = ({ pattern }: Pattern): string[] => {
  const named = [...new Set(pattern.replaceAll(/\\[a-z]/gi, '').replaceAll(/[[\](){}|?*^$\\]/g, ''))].slice(0, 12)
  const words = pattern.match(/[A-Za-z]{2,}/g) ?? []
  return [...new Set([...characters, ...named.flatMap((a) => named.map((b) => a + b)), ...words])]
}
const beginnings = ({ pattern }: Pattern): string[] => ['', ...new Set(pattern.match(/[A-Za-z/:%"]+/g))].slice(0, 6)

type Input = (times: number) => string

const inputsOf = (one: Pattern): Input[] =>
  repeated(one).flatMap((unit) =>
    beginnings(one).flatMap((beginning) => ['', '1', '!\n\0'].map((end) => (times: number) => beginning + unit.repeat(times) + end)),
  )

function costOf(expression: RegExp, input: string): number {
  expression.lastIndex = 0
  return cpuOf(() => expression.test(input))
}

test.each(patterns)('$file /$pattern/$flags: twice the input costs at most two and a half times as much', (one) => {
  const expression = new RegExp(one.pattern, one.flags)
  const inputs = inputsOf(one)
  // What grows exponentially shows here, before it would not end.
  for (const input of inputs) expect(costOf(expression, input(24))).toBeLessThan(50)
  const slowest = inputs.map((input) => ({ input, cost: costOf(expression, input(1000)) })).toSorted((a, b) => b.cost - a.cost)
  for (const { input } of slowest.slice(0, 3)) {
    const least = (times: number): number => Math.min(...[1, 2, 3].map(() => costOf(expression, input(times))))
    // What lasts a few milliseconds is measured too coarsely.
    expect(least(8000)).toBeLessThanOrEqual(2.5 * least(4000) + 5)
  }
})

test('would find one that takes the square of its input, or more', () => {
  const squared = /0+$/
  expect(costOf(squared, `${'0'.repeat(16_000)}1`)).toBeGreaterThan(2.5 * costOf(squared, `${'0'.repeat(8000)}1`) + 1)
})

test('none is made from text', () => {
  const made = nodes.filter(({ node }) => node['type'] === 'NewExpression' && Reflect.get(Object(node['callee']), 'value') === 'RegExp')
  expect(made.map(({ file }) => file)).toEqual([])
})
