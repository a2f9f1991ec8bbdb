/** The algebra under every grant: sets of permissions by their patterns mean what the sets of plain permissions mean. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'

import { systemActor, type Actor } from '../../src/access/actor.js'
import { canStillGrant, effectiveProjectIds, assertCanGrantMembership, type Membership } from '../../src/access/grants.js'
import { permissions } from '../../src/access/permission-definitions.js'
import { missingPermissions, hasPermission, intersection, rolePermissions } from '../../src/access/permissions.js'
import { expandPatterns, patterns } from '../support/permission-sets.js'

const set = fc.uniqueArray(fc.constantFrom(...patterns), { maxLength: 8 })
const runs = { numRuns: 3000 }
const isWithin = (small: ReadonlySet<string>, large: ReadonlySet<string>): boolean => [...small].every((one) => large.has(one))

describe('sets of permissions', () => {
  test('nothing exceeds exactly when the meaning is within', () => {
    fc.assert(
      fc.property(set, set, (held, wanted) => {
        expect(missingPermissions(held, wanted).length === 0).toBe(isWithin(expandPatterns(wanted), expandPatterns(held)))
      }),
      runs,
    )
  })

  test('an excess names only what is not held, and all of it', () => {
    fc.assert(
      fc.property(set, set, (held, wanted) => {
        const over = missingPermissions(held, wanted)
        for (const pattern of over) expect(isWithin(expandPatterns([pattern]), expandPatterns(held))).toBe(false)
        expect(isWithin(expandPatterns(wanted), expandPatterns([...held, ...over]))).toBe(true)
      }),
      runs,
    )
  })

  test('an intersection means the intersection of the meanings, whichever comes first', () => {
    fc.assert(
      fc.property(set, set, (a, b) => {
        expect(expandPatterns(intersection(a, b))).toEqual(new Set([...expandPatterns(a)].filter((one) => expandPatterns(b).has(one))))
        expect(expandPatterns(intersection(a, b))).toEqual(expandPatterns(intersection(b, a)))
      }),
      runs,
    )
  })

  test('a chain of reductions only narrows', () => {
    fc.assert(
      fc.property(fc.constantFrom(...(['ADMIN', 'MEMBER', 'READER'] as const)), fc.array(set, { maxLength: 5 }), (role, chain) => {
        let reach: readonly string[] = rolePermissions[role]
        for (const next of chain) {
          const narrowed = intersection(reach, next)
          expect(isWithin(expandPatterns(narrowed), expandPatterns(reach))).toBe(true)
          expect(missingPermissions(reach, narrowed)).toEqual([])
          reach = narrowed
        }
      }),
      runs,
    )
  })

  test('every permission of the catalogue is held by itself, by its resource and by everything', () => {
    for (const name of Object.keys(permissions)) {
      for (const pattern of [name, `${name.split(':')[0]}:*`, '*']) expect(hasPermission([pattern], name)).toBe(true)
      expect(hasPermission(['application:*'], name)).toBe(false)
    }
  })
})

describe('memberships', () => {
  const role = fc.constantFrom(...(['ADMIN', 'MEMBER', 'READER'] as const))
  const projects = fc.option(fc.subarray(['prj_1', 'prj_2', 'prj_3']), { nil: null })
  const membership = fc.record({ role, projectIds: projects })
  const all = ['prj_1', 'prj_2', 'prj_3', 'prj_to_come']
  const reach = (one: Membership): Set<string> => new Set(effectiveProjectIds(one) ?? all)

  test('are given only by who holds their permissions and their projects, then and at acceptance', () => {
    fc.assert(
      fc.property(membership, set, membership, (giver, reduction, given) => {
        const held = intersection(rolePermissions[giver.role], reduction)
        const actor: Actor = { ...systemActor('org_1'), permissions: held, projectIds: effectiveProjectIds(giver) }
        const isHeld = isWithin(expandPatterns(rolePermissions[given.role]), expandPatterns(held)) && isWithin(reach(given), reach(giver))
        if (isHeld) expect(() => assertCanGrantMembership(actor, given)).not.toThrow()
        else expect(() => assertCanGrantMembership(actor, given)).toThrow(expect.objectContaining({ code: 'PERMISSION_NOT_HELD' }))
        const isStill =
          giver.role === 'ADMIN' &&
          isWithin(expandPatterns(rolePermissions[given.role]), expandPatterns(rolePermissions[giver.role])) &&
          isWithin(reach(given), reach(giver))
        expect(canStillGrant(giver, 'member:invite', given)).toBe(isStill)
      }),
      runs,
    )
  })
})
