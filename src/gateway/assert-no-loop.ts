/** Rejects forwarding loops by CDN-Loop (RFC 8586), which names the deployments that forwarded the message. */
import { GatewayError } from './gateway-error.js'

/** Maximum of earlier hops. More indicate a loop between deployments. */
export const maxHops = 3

/** @param header the received `CDN-Loop`. @throws GatewayError 508 */
export function assertNoLoop(deploymentId: string, header: string | undefined): void {
  if (header === undefined) return
  const hops = header.split(',').map((hop) => hop.split(';', 1)[0]!.trim().toLowerCase())
  if (hops.length <= maxHops && !hops.includes(deploymentId)) return
  const text = `The message came back to this gateway, or passed more than ${maxHops} hops (CDN-Loop). Set "serverUrl" to the MCP server itself.`
  throw new GatewayError(508, 'LOOP_DETECTED', text)
}
