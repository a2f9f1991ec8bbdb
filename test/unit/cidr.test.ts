/** CIDR blocks of API keys: canonical form, membership and inclusion. */
import { expect, test } from '@jest/globals'

import { allowsAddress, coversAddresses } from '../../src/access/address-scope.js'
import { normalizeCidr } from '../../src/lib/network/cidr.js'

test.each([
  ['203.0.113.7', '203.0.113.7/32'],
  ['203.0.113.7/24', '203.0.113.0/24'],
  ['0.0.0.0/0', '0.0.0.0/0'],
  ['2001:DB8::1', '2001:db8::1/128'],
  ['2001:db8:0:0:1::/33', '2001:db8::/33'],
  ['::/0', '::/0'],
  ['::ffff:203.0.113.7', '203.0.113.7/32'],
  ['::ffff:203.0.113.7/120', '203.0.113.0/24'],
  ['::ffff:203.0.113.7/96', '0.0.0.0/0'],
])('%s is the block %s', (text, canonical) => {
  expect(normalizeCidr(text)).toBe(canonical)
  expect(normalizeCidr(canonical)).toBe(canonical)
})

test.each([
  '',
  '203.0.113.7/33',
  '203.0.113.7/',
  '203.0.113.7/08',
  '203.0.113.7/-1',
  '203.0.113.7/24/24',
  '203.0.113',
  '203.0.113.07',
  '203.0.113.7.',
  '2001:db8::.',
  '0xcb.0.113.7',
  '3405803783',
  '10/8',
  '2001:db8::/129',
  '::ffff:203.0.113.7/95',
  'fe80::1%eth0',
  '[2001:db8::1]',
  '203.0.113.7:443',
  ' 203.0.113.7',
  '203.0.113.7\n',
  'localhost',
  '*',
])('%p is not a block', (text) => {
  expect(normalizeCidr(text)).toBeUndefined()
})

test('100,000 digits are not a block', () => {
  expect(normalizeCidr('1'.repeat(100_000))).toBeUndefined()
})

test.each([
  [null, null, true],
  [null, '203.0.113.7', true],
  [['203.0.113.0/24'], '203.0.113.0', true],
  [['203.0.113.0/24'], '203.0.113.255', true],
  [['203.0.113.0/24'], '203.0.114.0', false],
  [['203.0.113.0/24'], '::ffff:203.0.113.9', true],
  [['203.0.113.0/24'], '2001:db8::1', false],
  [['203.0.113.0/24', '2001:db8::/32'], '2001:db8:ffff::1', true],
  [['::/0'], '203.0.113.7', false],
  [['203.0.113.0/24'], null, false],
  [['203.0.113.0/24'], 'unknown', false],
] as const)('the blocks %j have the address %s: %p', (blocks, address, isAllowed) => {
  expect(allowsAddress(blocks, address)).toBe(isAllowed)
})

test.each([
  [null, ['203.0.113.0/24'], true],
  [['203.0.113.0/24'], null, false],
  [['203.0.113.0/24'], ['203.0.113.0/24'], true],
  [['203.0.113.0/24'], ['203.0.113.128/25', '203.0.113.7/32'], true],
  [['203.0.113.0/24'], ['203.0.112.0/23'], false],
  [['203.0.113.0/24'], ['203.0.113.0/24', '198.51.100.1/32'], false],
  [['0.0.0.0/0'], ['::/0'], false],
  [['2001:db8::/32', '203.0.113.0/24'], ['2001:db8:1::/48', '203.0.113.1/32'], true],
] as const)('%j covers %j: %p', (wide, narrow, isCovered) => {
  expect(coversAddresses(wide, narrow)).toBe(isCovered)
})
