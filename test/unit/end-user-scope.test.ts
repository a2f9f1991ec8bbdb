/** End-user scopes of API keys mean sets of external ids: membership and inclusion against a reference model. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'

import { allowsEndUser, coversScope } from '../../src/access/end-user-scope.js'
import type { EndUserScope } from '../../src/entities/end-user-scope.js'

/** Ids and prefixes over one letter of each case and a separator, so that random scopes often overlap. */
const id = fc.string({ unit: fc.constantFrom('a', 'A', ':'), minLength: 1, maxLength: 3 })
const scope: fc.Arbitrary<EndUserScope> = fc.oneof(
  fc.constant(null),
  fc.constant({ mode: 'NOBODY' as const }),
  fc.record({ mode: fc.constant('LISTED' as const), externalIds: fc.uniqueArray(id, { minLength: 1, maxLength: 4 }) }),
  fc.record({ mode: fc.constant('PREFIX' as const), prefix: id }),
)

/** Every id of up to four letters: one letter more than the longest prefix tells a prefix from a list. */
const letters = ['a', 'A', ':']
const words = (length: number): string[] =>
  length === 0 ? [''] : words(length - 1).flatMap((text) => letters.map((letter) => text + letter))
const ids = [1, 2, 3, 4].flatMap(words).concat('z', 'jane')

const meaning = (one: EndUserScope): Set<string> =>
  new Set(
    ids.filter((text) => {
      if (one === null) return true
      if (one.mode === 'LISTED') return one.externalIds.some((listed) => listed === text)
      return one.mode === 'PREFIX' && text.slice(0, one.prefix.length) === one.prefix
    }),
  )

test('a scope has exactly the end users that it means', () => {
  fc.assert(
    fc.property(scope, fc.constantFrom(...ids), (one, externalId) => allowsEndUser(one, externalId) === meaning(one).has(externalId)),
  )
})

test('a scope covers another exactly when it has each of its end users', () => {
  fc.assert(
    fc.property(scope, scope, (wide, narrow) => coversScope(wide, narrow) === [...meaning(narrow)].every((one) => meaning(wide).has(one))),
    { numRuns: 3000 },
  )
})

test('a chain of narrower scopes never widens', () => {
  fc.assert(
    fc.property(fc.array(scope, { minLength: 1, maxLength: 6 }), fc.constantFrom(...ids), (chain, externalId) => {
      const accepted = chain.reduce((held, next) => (coversScope(held, next) ? next : held), null)
      for (const one of chain)
        if (coversScope(one, accepted) && allowsEndUser(accepted, externalId)) expect(allowsEndUser(one, externalId)).toBe(true)
    }),
  )
})

test('a listed id is compared byte for byte, and not as a prefix or pattern', () => {
  const listed: EndUserScope = { mode: 'LISTED', externalIds: ['jane', 'constructor'] }
  expect(
    ['jane', 'Jane', 'jane ', 'jan', 'jane2', '__proto__', 'constructor'].filter((externalId) => allowsEndUser(listed, externalId)),
  ).toEqual(['jane', 'constructor'])
})
