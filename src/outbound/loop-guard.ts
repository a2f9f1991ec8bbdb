/**
 * Stops requests that come back to the deployment that sent them. A server at the own URL is refused; by any other name, or
 * by way of another deployment, the request is recognised by its CDN-Loop header (RFC 8586).
 */
import { OutboundError } from './outbound-error.js'
import type { Outbound } from './outbound.js'

/** Percent-encoded letters are the same path to a router. */
const decoded = (path: string): string =>
  path.replaceAll(/%([2-7][0-9a-f])/gi, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)))

/** Adds CDN-Loop to every request, and refuses the gateway of this deployment as a server. */
export function withLoopGuard(outbound: Outbound, ownUrl: string, deploymentId: string): Outbound {
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
      const loop = behind === undefined ? deploymentId : `${behind}, ${deploymentId}`
      return outbound.send(url, { ...request, headers: { ...request.headers, 'cdn-loop': loop } })
    },
  }
}
