/** Refuses messages that have passed this gateway before: CDN-Loop (RFC 8586) names the deployments that forwarded them. */
import { rpcErrorCodes } from '../lib/json/json-rpc.js'
import { GatewayError } from './authorize-message.js'

/** Hops that a message may have behind it: more are a loop of deployments that do not know each other. */
export const maxHops = 3

/** @param header `CDN-Loop` as it was received. @throws GatewayError */
export function assertNoLoop(deploymentId: string, header: string | undefined): void {
  if (header === undefined) return
  const hops = header.split(',').map((hop) => hop.split(';', 1)[0]!.trim().toLowerCase())
  if (hops.length <= maxHops && !hops.includes(deploymentId)) return
  const text = `This gateway has sent this message before, or it has passed more than ${maxHops} hops (CDN-Loop). Point "serverUrl" at the MCP server itself.`
  throw new GatewayError(508, rpcErrorCodes.loopDetected, text)
}
