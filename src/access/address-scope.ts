/** Decides from which addresses an API key may be used. Pure functions of the allowed blocks and the address. */
import { coversCidr, isInCidrs } from '../lib/network/cidr.js'

/** Whether the blocks have the address. Null blocks have every address; an unknown address is in no block. */
export const allowsAddress = (allowedIps: readonly string[] | null, address: string | null): boolean =>
  allowedIps === null || (address !== null && isInCidrs(allowedIps, address))

/** Whether each of the narrow blocks lies within one of the wide ones. */
export const coversAddresses = (wide: readonly string[] | null, narrow: readonly string[] | null): boolean =>
  wide === null || (narrow !== null && narrow.every((cidr) => wide.some((block) => coversCidr(block, cidr))))
