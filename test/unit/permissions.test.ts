/** Laws of permission sets, held against the meaning of each pattern: the concrete permissions that it stands for. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'

import { permissions } from '../../src/access/permission-definitions.js'
import {
  missingPermissions,
  hasPermission,
  intersection,
  expandKeyWildcard,
  notGrantableToApiKey,
  validatePermission,
  rolePermissions,
  parsePermission,
} from '../../src/access/permissions.js'

const names = Object.keys(permissions)
const concrete = [
  ...names.filter((name) => !name.endsWith('*')),
  'mcp_tool:search',
  'mcp_tool:A.b-1',
  'agent:read',
  'agent:write',
  'robot:walk',
]
const resources = [...new Set(concrete.map((name) => name.split(':')[0]!))]
const one = fc.oneof(fc.constantFrom(...concrete), fc.constantFrom('*', 'application:*', ...resources.map((name) => `${name}:*`)))
const set = fc.uniqueArray(one, { maxLength: 6 })
const some = fc.constantFrom(...concrete)
const isApplication = (name: string): boolean => !names.some((own) => own.split(':')[0] === name.split(':')[0])
const means = (pattern: string, name: string): boolean =>
  pattern === '*' || pattern === name || (pattern === 'application:*' ? isApplication(name) : pattern === `${name.split(':')[0]}:*`)

test('a set holds what one of its patterns means', () => {
  fc.assert(fc.property(set, some, (held, name) => hasPermission(held, name) === held.some((pattern) => means(pattern, name))))
})

test('an intersection holds exactly what both hold', () => {
  fc.assert(
    fc.property(set, set, some, (a, b, name) => {
      const both = intersection(a, b)
      expect(hasPermission(both, name)).toBe(hasPermission(a, name) && hasPermission(b, name))
      expect([missingPermissions(a, both), missingPermissions(b, both)]).toEqual([[], []])
    }),
    { numRuns: 500 },
  )
})

test('nothing is in excess when, and only when, all is held; what is named is not held', () => {
  fc.assert(
    fc.property(set, set, (held, wanted) => {
      const over = missingPermissions(held, wanted)
      if (over.length === 0) expect(concrete.filter((name) => hasPermission(wanted, name) && !hasPermission(held, name))).toEqual([])
      else
        expect(
          concrete.some((name) => hasPermission(over, name) && !hasPermission(held, name)) || over.some((name) => name.endsWith('*')),
        ).toBe(true)
      for (const name of over) expect(hasPermission(held, name)).toBe(false)
      expect(missingPermissions([...held, ...over], wanted)).toEqual([])
    }),
    { numRuns: 500 },
  )
})

test('every role holds what the catalogue says, and no more', () => {
  for (const [name, { roles }] of Object.entries(permissions)) {
    for (const role of ['ADMIN', 'MEMBER', 'READER'] as const) {
      expect([name, role, hasPermission(rolePermissions[role], name)]).toEqual([name, role, roles.some((given) => given === role)])
    }
  }
  expect([hasPermission(rolePermissions.MEMBER, 'agent:create'), hasPermission(rolePermissions.READER, 'agent:create')]).toEqual([
    true,
    false,
  ])
})

test('"*" on a key is all that a key may hold', () => {
  for (const [name, { grantableToApiKey }] of Object.entries(permissions)) {
    expect([name, hasPermission(expandKeyWildcard(['*']), name), notGrantableToApiKey([name])]).toEqual([
      name,
      grantableToApiKey,
      grantableToApiKey ? [] : [name],
    ])
  }
  expect(notGrantableToApiKey(['*', 'agent:*', 'application:*', 'member:read', 'member:*'])).toEqual(['member:*'])
})

test.each([
  ['a:b', true],
  ['a1_b:c2_d', true],
  ['*', true],
  ['a:*', true],
  ['mcp_tool:Some.Tool-1', true],
  [`mcp_tool:${'x'.repeat(128)}`, true],
  [`mcp_tool:${'x'.repeat(129)}`, false],
  [`a:${'x'.repeat(148)}`, true],
  [`a:${'x'.repeat(149)}`, false],
  ['', false],
  ['a', false],
  [':', false],
  ['a:', false],
  [':b', false],
  ['*:*', false],
  ['*:a', false],
  ['1a:b', false],
  ['a:1b', false],
  ['A:b', false],
  ['a:B', false],
  ['a:b:c', false],
  ['a: b', false],
  ['a:b\n', false],
  ['é:b', false],
])('%j is a permission: %p', (text, is) => {
  expect(parsePermission(text) !== undefined).toBe(is)
})

test('any text is judged without a throw, and a misspelt action of ours never passes', () => {
  fc.assert(fc.property(fc.string(), (text) => validatePermission(text) === undefined || typeof validatePermission(text) === 'string'))
  expect(validatePermission('api_key:craete')).toContain('"api_key:create"')
  expect(validatePermission('application:read')).toContain('application:*')
  expect(validatePermission('constructor:a')).toBeUndefined()
})
