/** What is there at the moment: as a set would say, whatever the order in which things come and go. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'

import { Registry } from '../../src/lib/registry.js'

test('it holds what came and has not gone, once for each time that it came', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.record({ comes: fc.nat(5) }), fc.record({ goes: fc.nat(40) })), { maxLength: 60 }), (steps) => {
      const bag = new Registry<number>()
      const there: { thing: number; leave: () => void; isGone: boolean }[] = []
      for (const step of steps) {
        if ('comes' in step) there.push({ thing: step.comes, leave: bag.add(step.comes), isGone: false })
        else if (there.length > 0) {
          // One that has gone goes again now and then, which takes nobody else with it.
          const one = there[step.goes % there.length]!
          one.leave()
          one.isGone = true
        }
        const left = there.filter(({ isGone }) => !isGone).map(({ thing }) => thing)
        expect(bag.size).toBe(left.length)
        expect(bag.all().toSorted((a, b) => a - b)).toEqual(left.toSorted((a, b) => a - b))
      }
    }),
  )
})

test('who goes through it meets all that were there, whoever leaves meanwhile', () => {
  const bag = new Registry<string>()
  const leave = ['a', 'b', 'c'].map((thing) => bag.add(thing))
  const met: string[] = []
  for (const thing of bag.all()) {
    met.push(thing)
    leave[0]!()
  }
  expect(met).toEqual(['a', 'b', 'c'])
  expect(bag.all()).toEqual(['c', 'b'])
})
