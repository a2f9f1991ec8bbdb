/**
 * Stops requests that come back to the deployment that sent them. A server at the own URL is refused; by any other name, or
 * by way of another deployment, the request is recognised by its CDN-Loop header (RFC 8586).
 */
import type { DeploymentSecrets } from '../encryption/deployment-secrets.js'
import { GatewayRefusal } from '../gateway/authorize-message.js'
import { rpcCodes } from '../lib/json/json-rpc.js'
import { OutboundError } from './outbound-error.js'
import type { Outbound } from './outbound.js'

/** Hops that a message may have behind it: more are a loop of deployments that do not know each other. */
export const maxHops = 3

/** The same in every process of the deployment, and no secret: servers see it. */
const deploymentId = (secrets: DeploymentSecrets): string => `keyhouse-${secrets.mac('cdn_loop', 'id').slice(0, 32)}`

/** Percent-encoded letters are the same path to a router. */
const decoded = (path: string): string =>
  path.replaceAll(/%([2-7][0-9a-f])/gi, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)))

/** Adds CDN-Loop to every request, and refuses the gateway of this deployment as a server. */
export function loopGuardedOutbound(outbound: Outbound, ownUrl: string, secrets: DeploymentSecrets): Outbound {
  const id = deploymentId(secrets)
  const ownOrigin = new URL(ownUrl).origin
  const isOwnGateway = (text: string): boolean => {
    const { origin, pathname } = new URL(text)
    return origin === ownOrigin && /^\/mcp(\/|$)/.test(decoded(pathname))
  }
  return {
    ...outbound,
    fault: (url) => (isOwnGateway(url) ? "must not lead to this server's own gateway" : outbound.fault(url)),

    async send(url, request) {
      if (isOwnGateway(url)) throw new OutboundError('URL_NOT_ALLOWED')
      const behind = request.headers['cdn-loop']
      const loop = behind === undefined ? id : `${behind}, ${id}`
      return outbound.send(url, { ...request, headers: { ...request.headers, 'cdn-loop': loop } })
    },
  }
}

/** @param header `CDN-Loop` as it was received. @throws GatewayRefusal */
export function refuseLoop(secrets: DeploymentSecrets, header: string | undefined): void {
  if (header === undefined) return
  const hops = header.split(',').map((hop) => hop.split(';', 1)[0]!.trim().toLowerCase())
  if (hops.length <= maxHops && !hops.includes(deploymentId(secrets))) return
  const text = `This gateway has sent this message before, or it has passed more than ${maxHops} hops (CDN-Loop). Point "serverUrl" at the MCP server itself.`
  throw new GatewayRefusal(508, rpcCodes.loopDetected, text)
}
