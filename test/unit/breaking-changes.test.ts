/** A change of the schema that takes something from callers is found, and passes only with a record that names it. */
import { expect, test } from '@jest/globals'

import { breakingChanges } from '../../tools/breaking-changes.js'

const older = 'type Query { a(x: Int): String b: Int } enum E { ONE TWO } input I { x: Int }'

test('additions break nothing', () => {
  expect(
    breakingChanges(older, 'type Query { a(x: Int, y: Int): String b: Int c: E } enum E { ONE TWO THREE } input I { x: Int y: Int }'),
  ).toEqual([])
})

test('what is taken away, narrowed or newly required is found', () => {
  expect(breakingChanges(older, 'type Query { a(x: Int!): String } enum E { ONE } input I { x: Int y: Int! }').toSorted()).toEqual([
    'A required field y on input type I was added.',
    'Query.a arg x has changed type from Int to Int!.',
    'Query.b was removed.',
    'TWO was removed from enum type E.',
  ])
})

test('a record excuses the change that it names, to the letter, and no other', () => {
  const newer = 'type Query { a(x: Int): String } enum E { ONE } input I { x: Int }'
  expect(breakingChanges(older, newer, ['# 0099\n\nBreaking: Query.b was removed.\n'])).toEqual(['TWO was removed from enum type E.'])
  expect(breakingChanges(older, newer, ['Breaking: Query.b was removed', 'Not Breaking: Query.b was removed.'])).toHaveLength(2)
})
