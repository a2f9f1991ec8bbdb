/** CIDR blocks (RFC 4632, RFC 4291 §2.3) that limit the addresses of a credential. */
import ipaddr from 'ipaddr.js'

import { parseAddress } from './address.js'

/** Bits before the IPv4 part of an IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2). */
const mappedBits = 96

/**
 * Canonical text of a block: its network address and prefix length. An address alone is a block of one, and an IPv4-mapped
 * block becomes IPv4, since addresses of clients are compared in that form. Undefined for other text.
 */
export function normalizeCidr(text: string): string | undefined {
  const [, host, length] = /^([\da-f:.]{1,44}[\da-f:])(?:\/(0|[1-9]\d{0,2}))?$/i.exec(text) ?? []
  const address = host === undefined ? undefined : parseAddress(host)
  if (!host || !address) return undefined
  const isIPv6 = host.includes(':')
  const bits = length === undefined ? (isIPv6 ? 128 : 32) : Number(length)
  if (bits > (isIPv6 ? 128 : 32)) return undefined
  if (address.kind() === 'ipv6') return `${ipaddr.IPv6.networkAddressFromCIDR(`${address.toString()}/${bits}`).toString()}/${bits}`
  const bits4 = isIPv6 ? bits - mappedBits : bits
  return bits4 < 0 ? undefined : `${ipaddr.IPv4.networkAddressFromCIDR(`${address.toString()}/${bits4}`).toString()}/${bits4}`
}

type Address = NonNullable<ReturnType<typeof parseAddress>>

/** The colon tells the address family without parsing the block: a request is checked against up to 50. */
function hasAddress(cidr: string, address: Address): boolean {
  if (cidr.includes(':') !== (address.kind() === 'ipv6')) return false
  const [network, bits] = ipaddr.parseCIDR(cidr)
  return address.match(network, bits)
}

/** Whether one of the blocks, in canonical form, has the address. False for text that is not an address. */
export function isInCidrs(cidrs: readonly string[], text: string): boolean {
  const address = parseAddress(text)
  return address !== undefined && cidrs.some((cidr) => hasAddress(cidr, address))
}

/** Whether the wide block has every address of the narrow one. Both are in canonical form. */
export function coversCidr(wide: string, narrow: string): boolean {
  const [network, bits] = ipaddr.parseCIDR(narrow)
  return ipaddr.parseCIDR(wide)[1] <= bits && hasAddress(wide, network)
}
