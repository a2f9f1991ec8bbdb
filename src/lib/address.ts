/**
 * Which network addresses are public, and which others a deployment has opened: an allow-list of host names, addresses
 * and CIDR blocks. Whatever the IANA registries reserve (private, loopback, link-local with the metadata services,
 * unique-local, multicast, translated IPv4) is not public; an address that is not understood is not either.
 */
import ipaddr from 'ipaddr.js'

import { withoutTrailing } from './trailing.js'

interface Opened {
  /** Null: every port. */
  readonly port: number | null
}

export interface AllowList {
  readonly hosts: readonly (Opened & { readonly host: string })[]
  readonly blocks: readonly (Opened & { readonly block: ipaddr.IPv4 | ipaddr.IPv6; readonly bits: number })[]
}

/** RFC 4291 §2.4: the only block that global unicast addresses are given from. */
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3')

/** Metadata services of clouds that hide behind a public address. */
const metadataServices: ReadonlySet<string> = new Set(['168.63.129.16'])

const hostName = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/

/** Lower case, without the dot of the root and the brackets of an IPv6 literal. */
export const normalizeHost = (host: string): string => withoutTrailing(host.toLowerCase(), '.').replace(/^\[(.*)\]$/, '$1')

/** An address in its own words: an IPv4 address in IPv6 clothes (RFC 4291 §2.5.5.2) is an IPv4 address. */
function parse(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  const bare = normalizeHost(text)
  // Only the four-part decimal form: URL parsers have turned the others into it, and resolvers never answer them.
  if (ipaddr.IPv4.isValidFourPartDecimal(bare)) return ipaddr.IPv4.parse(bare)
  return ipaddr.IPv6.isValid(bare) ? ipaddr.process(bare) : undefined
}

export const isAddress = (host: string): boolean => parse(host) !== undefined

/** The port of an http or https URL. */
export const parsePort = ({ port, protocol }: URL): number => Number(port) || (protocol === 'https:' ? 443 : 80)

/** Whether it can stand in an allow-list. */
export function isValidAllowListEntry(entry: string): boolean {
  try {
    parseAllowList([entry])
    return true
  } catch {
    return false
  }
}

/** `place`, `place:port` or `[place]:port`; what contains colons of its own needs the brackets. */
const entryForm = /^(?:\[([^[\]]*:[^[\]]*)\]|([^:[\]]*))(?::([1-9]\d{0,4}))?$/

/** The place and port that an entry names. @throws Error for a port out of range */
function readEntry(entry: string): { place: string; port: number | null } {
  const [, bracketed, plain, digits] = entryForm.exec(entry) ?? []
  const port = digits === undefined ? null : Number(digits)
  if (port !== null && port > 65_535) throw new Error('no such port')
  // An IPv6 address or block without brackets has no port.
  return { place: bracketed ?? plain ?? entry, port }
}

/** @throws Error for an entry that is neither host, address nor CIDR block, with or without a port. */
export function parseAllowList(entries: readonly string[]): AllowList {
  const hosts: AllowList['hosts'][number][] = []
  const blocks: AllowList['blocks'][number][] = []
  for (const entry of entries) {
    const { place, port } = readEntry(entry)
    const address = parse(place)
    if (address) blocks.push({ block: address, bits: address.kind() === 'ipv4' ? 32 : 128, port })
    else if (ipaddr.isValidCIDR(place)) {
      const [block, bits] = ipaddr.parseCIDR(place)
      blocks.push({ block, bits, port })
    } else if (hostName.test(normalizeHost(place))) hosts.push({ host: normalizeHost(place), port })
    else throw new Error('neither a host, an address nor a CIDR block')
  }
  return { hosts, blocks }
}

const opensPort = ({ port }: Opened, wanted: number): boolean => port === null || port === wanted

export function isAllowedHost({ hosts }: AllowList, name: string, port: number): boolean {
  const host = normalizeHost(name)
  return hosts.some((entry) => entry.host === host && opensPort(entry, port))
}

/** Whether a deployment has opened this very address. */
export function isAllowedAddress({ blocks }: AllowList, text: string, port: number): boolean {
  const address = parse(text)
  if (!address) return false
  return blocks.some((entry) => entry.block.kind() === address.kind() && opensPort(entry, port) && address.match(entry.block, entry.bits))
}

export function isPublicAddress(text: string): boolean {
  const address = parse(text)
  if (!address || address.range() !== 'unicast' || metadataServices.has(address.toString())) return false
  return address.kind() === 'ipv4' || (address as ipaddr.IPv6).match(globalUnicast)
}

/** Bits of an IPv6 address that one customer is given, and can fill at will (RFC 6177 §2, RFC 4291 §2.5.1). */
const customerBits = 64

/**
 * Who is behind an address, as well as an address tells: an IPv4 address itself, of an IPv6 address its /64.
 * What is not understood stands for itself.
 */
export function toRateLimitSubnet(text: string): string {
  const address = parse(text)
  if (!address || address.kind() === 'ipv4') return address?.toString() ?? text
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${address.toString()}/${customerBits}`).toString()}/${customerBits}`
}

/** RFC 6761 §6.3: these names are this machine, whatever a resolver says. */
export const isLocalName = (host: string): boolean => /(^|\.)localhost$/.test(normalizeHost(host))

/** A name or an address that never leaves this machine. */
export const isLoopback = (host: string): boolean => isLocalName(host) || parse(host)?.range() === 'loopback'
