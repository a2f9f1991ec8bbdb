/** Which addresses are public, in every spelling that a URL or a resolver may give them. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'

import {
  isAllowedHost,
  isLocalName,
  isAllowedAddress,
  isPublicAddress,
  toRateLimitSubnet,
  parseAllowList,
} from '../../src/lib/network/address.js'

describe('isPublicAddress', () => {
  test.each([
    '0.0.0.0',
    '0.255.255.255',
    '10.0.0.0',
    '10.255.255.255',
    '100.64.0.0',
    '100.127.255.255',
    '127.0.0.1',
    '127.255.255.255',
    '168.63.129.16',
    '169.254.0.0',
    '169.254.169.254',
    '172.16.0.0',
    '172.31.255.255',
    '192.0.0.192',
    '192.0.2.1',
    '192.168.0.0',
    '192.168.255.255',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '239.255.255.255',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::127.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:0:127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b:1::a00:1',
    '100::1',
    '2001::1',
    '2001:db8::1',
    '2002:7f00:1::',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'fec0::1',
    'ff02::1',
    'nonsense',
    '',
    '1.2.3',
  ])('%s is not', (address) => expect(isPublicAddress(address)).toBe(false))

  test.each([
    '1.1.1.1',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '126.255.255.255',
    '128.0.0.1',
    '169.253.255.255',
    '169.255.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '192.167.255.255',
    '192.169.0.0',
    '223.255.255.255',
    '2606:4700::1111',
    '[2606:4700::1111]',
    '::ffff:1.1.1.1',
  ])('%s is', (address) => expect(isPublicAddress(address)).toBe(true))

  test('an IPv4 address is the same in IPv6 clothes', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        const [a, b, c, d] = address.split('.').map(Number) as [number, number, number, number]
        const hex = `::ffff:${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
        expect(isPublicAddress(hex)).toBe(isPublicAddress(address))
      }),
    )
  })

  test('what a private block holds is never public, however a URL spells it', () => {
    fc.assert(
      fc.property(fc.constantFrom(10, 127), fc.nat(0xffffff), (first, rest) => {
        const number = first * 2 ** 24 + rest
        for (const spelled of [String(number), `0x${number.toString(16)}`, `0${number.toString(8)}`, `${number}.`])
          expect(isPublicAddress(new URL(`https://${spelled}/`).hostname)).toBe(false)
      }),
    )
  })
})

describe('the allow-list', () => {
  test('opens hosts by name, addresses and blocks, and nothing beside them', () => {
    const list = parseAllowList(['Build.Internal.', '10.1.2.3', '192.168.0.0/24', 'fd00::/8', '[::1]'])
    expect(isAllowedHost(list, 'build.internal', 443)).toBe(true)
    expect(isAllowedHost(list, 'other.build.internal', 443)).toBe(false)
    expect(
      ['10.1.2.3', '::ffff:10.1.2.3', '192.168.0.0', '192.168.0.255', 'fd12::1', '::1'].every((one) => isAllowedAddress(list, one, 443)),
    ).toBe(true)
    expect(['10.1.2.4', '192.168.1.0', '192.167.255.255', 'fc00::1', '::2'].some((one) => isAllowedAddress(list, one, 443))).toBe(false)
  })

  test.each([
    ['localhost:3001', 'localhost'],
    ['LOCALHOST.:3001', 'localhost.'],
    ['10.1.2.3:3001', '10.1.2.3'],
    ['10.0.0.0/8:3001', '10.1.2.3'],
    ['[::1]:3001', '::1'],
    ['[fd00::/8]:3001', 'fd12::1'],
  ])('%s opens one port', (entry, host) => {
    const list = parseAllowList([entry])
    const isOpen = (port: number): boolean => isAllowedHost(list, host, port) || isAllowedAddress(list, host, port)
    expect([3000, 3001, 3002, 80, 443].filter(isOpen)).toEqual([3001])
    const anyPort = parseAllowList([entry, entry.slice(0, entry.lastIndexOf(':'))])
    expect([1, 3001, 65_535].every((port) => isAllowedHost(anyPort, host, port) || isAllowedAddress(anyPort, host, port))).toBe(true)
  })

  test('an IPv6 address without brackets has no port', () => {
    const list = parseAllowList(['fd00::1:3001'])
    expect(isAllowedAddress(list, 'fd00::1:3001', 443)).toBe(true)
    expect(isAllowedAddress(list, 'fd00::1', 3001)).toBe(false)
  })

  test.each([
    'http://x',
    'a b',
    '10.0.0.0/33',
    '*.internal',
    '-',
    '',
    ':80',
    'host:0',
    'host:080',
    'host:65536',
    'host:',
    'host:http',
    'host:80:80',
    '[host]:80',
    '[::1]80',
    '[::1]:0',
    '::1/129',
    '10.0.0.0:80/8',
  ])('refuses %j', (entry) => {
    expect(() => parseAllowList([entry])).toThrow()
  })

  test.each(['host:1', 'host:65535'])('takes %j', (entry) => {
    expect(() => parseAllowList([entry])).not.toThrow()
  })
})

test('localhost is this machine by any name', () => {
  expect(['localhost', 'LOCALHOST.', 'a.localhost'].every(isLocalName)).toBe(true)
  expect(['localhost.example', 'mylocalhost'].some(isLocalName)).toBe(false)
})

describe('neighbourhoodOf', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:C000:0201', '192.0.2.1'],
    ['2001:db8:1:2::', '2001:db8:1:2::/64'],
    ['2001:db8:1:2:ffff:ffff:ffff:ffff', '2001:db8:1:2::/64'],
    ['2001:DB8:0001:0002:0:0:0:1', '2001:db8:1:2::/64'],
    ['2001:db8:1:3::', '2001:db8:1:3::/64'],
    ['2001:db8:1:1:ffff:ffff:ffff:ffff', '2001:db8:1:1::/64'],
    ['::1', '::/64'],
    ['', ''],
    ['nonsense', 'nonsense'],
  ])('of %s is %s', (address, neighbourhood) => expect(toRateLimitSubnet(address)).toBe(neighbourhood))

  test('is shared by exactly those that begin with the same 64 bits', () => {
    const bytes = fc.uint8Array({ minLength: 16, maxLength: 16 })
    const textOf = (address: Uint8Array): string => Buffer.from(address).toString('hex').match(/.{4}/g)!.join(':')
    const isMapped = (address: Uint8Array): boolean =>
      Buffer.from(address)
        .toString('hex')
        .startsWith(`${'0'.repeat(20)}ffff`)
    fc.assert(
      fc.property(bytes, bytes, fc.nat(127), (a, rest, bit) => {
        const b = a.slice()
        b.set(rest.subarray(8), 8)
        const c = a.slice()
        c[bit >> 3]! ^= 0x80 >> (bit & 7)
        fc.pre(![a, b, c].some(isMapped))
        const [ofA, ofB, ofC] = [a, b, c].map((address) => toRateLimitSubnet(textOf(address)))
        return ofA === ofB && (ofA === ofC) === bit >= 64
      }),
    )
  })
})
