/**
 * Public network addresses, and a deployment's allow-list of host names, addresses and CIDR blocks.
 * Addresses that the IANA registries reserve are not public: private, loopback, link-local (which has the cloud metadata
 * services), unique-local, multicast, translated IPv4. An address that cannot be parsed is not public either.
 */
import ipaddr from 'ipaddr.js'

import { trimTrailing } from '../trailing.js'

interface PortRule {
  /** Null allows every port. */
  readonly port: number | null
}

/** Parsed allow-list: host names and address blocks, each for one port or for every port. */
export interface AllowList {
  readonly hosts: readonly (PortRule & { readonly host: string })[]
  readonly blocks: readonly (PortRule & { readonly block: ipaddr.IPv4 | ipaddr.IPv6; readonly bits: number })[]
}

/** RFC 4291 §2.4: the only block from which global unicast addresses are allocated. */
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3')

/** Cloud metadata services that use a public address. */
const metadataServices: ReadonlySet<string> = new Set(['168.63.129.16'])

const hostNamePattern = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/

/** Lower case, without the trailing dot of a fully qualified name and the brackets of an IPv6 literal. */
export const normalizeHost = (host: string): string => trimTrailing(host.toLowerCase(), '.').replace(/^\[(.*)\]$/, '$1')

/** Parses an IP address; an IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2) becomes IPv4. Undefined for other text. */
export function parseAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  const host = normalizeHost(text)
  // Only the four-part decimal form: URL parsers normalize other forms to it, and resolvers never return them.
  if (ipaddr.IPv4.isValidFourPartDecimal(host)) return ipaddr.IPv4.parse(host)
  return ipaddr.IPv6.isValid(host) ? ipaddr.process(host) : undefined
}

export const isAddress = (host: string): boolean => parseAddress(host) !== undefined

/** The port of an http or https URL. */
export const parsePort = ({ port, protocol }: URL): number => Number(port) || (protocol === 'https:' ? 443 : 80)

/** True if {@link parseAllowList} accepts the entry. */
export function isValidAllowListEntry(entry: string): boolean {
  try {
    parseAllowList([entry])
    return true
  } catch {
    return false
  }
}

/** `host`, `host:port` or `[host]:port`; a host that contains colons needs brackets before a port. */
const entryPattern = /^(?:\[([^[\]]*:[^[\]]*)\]|([^:[\]]*))(?::([1-9]\d{0,4}))?$/

/** Host (name, address or CIDR block) and port of an entry. @throws Error for a port above 65,535 */
function parseEntry(entry: string): { host: string; port: number | null } {
  const [, bracketed, plain, digits] = entryPattern.exec(entry) ?? []
  const port = digits === undefined ? null : Number(digits)
  if (port !== null && port > 65_535) throw new Error('no such port')
  // The pattern does not match an IPv6 address or block without brackets, which has no port.
  return { host: bracketed ?? plain ?? entry, port }
}

/** @throws Error for an entry that is not a host, an address or a CIDR block, each with an optional port */
export function parseAllowList(entries: readonly string[]): AllowList {
  const hosts: AllowList['hosts'][number][] = []
  const blocks: AllowList['blocks'][number][] = []
  for (const entry of entries) {
    const { host, port } = parseEntry(entry)
    const address = parseAddress(host)
    if (address) blocks.push({ block: address, bits: address.kind() === 'ipv4' ? 32 : 128, port })
    else if (ipaddr.isValidCIDR(host)) {
      const [block, bits] = ipaddr.parseCIDR(host)
      blocks.push({ block, bits, port })
    } else if (hostNamePattern.test(normalizeHost(host))) hosts.push({ host: normalizeHost(host), port })
    else throw new Error('not a host name, address or CIDR range')
  }
  return { hosts, blocks }
}

const allowsPort = (rule: PortRule, port: number): boolean => rule.port === null || rule.port === port

/** True if the allow-list contains the host name with this port or with every port. */
export function isAllowedHost({ hosts }: AllowList, name: string, port: number): boolean {
  const host = normalizeHost(name)
  return hosts.some((entry) => entry.host === host && allowsPort(entry, port))
}

/** True if the allow-list contains the address, alone or in a block. */
export function isAllowedAddress({ blocks }: AllowList, text: string, port: number): boolean {
  const address = parseAddress(text)
  if (!address) return false
  return blocks.some((entry) => entry.block.kind() === address.kind() && allowsPort(entry, port) && address.match(entry.block, entry.bits))
}

/** True for a global unicast address that no IANA registry reserves and that is not a known metadata service. */
export function isPublicAddress(text: string): boolean {
  const address = parseAddress(text)
  if (!address || address.range() !== 'unicast' || metadataServices.has(address.toString())) return false
  return address.kind() === 'ipv4' || (address as ipaddr.IPv6).match(globalUnicast)
}

/** Prefix length of the network that one IPv6 customer controls (RFC 6177 §2, RFC 4291 §2.5.1). */
const customerPrefixLength = 64

/**
 * Subnet that identifies one client: an IPv4 address itself, or the /64 of an IPv6 address.
 * Text that is not an address is returned as it is.
 */
export function toRateLimitSubnet(text: string): string {
  const address = parseAddress(text)
  if (!address || address.kind() === 'ipv4') return address?.toString() ?? text
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${address.toString()}/${customerPrefixLength}`).toString()}/${customerPrefixLength}`
}

/** RFC 6761 §6.3: `localhost` names are always loopback, independent of the resolver. */
export const isLocalName = (host: string): boolean => /(^|\.)localhost$/.test(normalizeHost(host))

/** A `localhost` name or a loopback address. */
export const isLoopback = (host: string): boolean => isLocalName(host) || parseAddress(host)?.range() === 'loopback'
