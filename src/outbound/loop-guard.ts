/**
 * Request loop prevention: rejects MCP servers at this deployment's own gateway URL.
 * Under another name, or by way of another deployment, the CDN-Loop header (RFC 8586) identifies the loop.
 */
import { OutboundError } from './outbound-error.js'
import type { Outbound } from './outbound.js'

/** Decodes percent-encoded ASCII, since a router treats both spellings as the same path. */
const decodePath = (path: string): string =>
  path.replaceAll(/%([2-7][0-9a-f])/gi, (_, hex: string) => String.fromCodePoint(Number.parseInt(hex, 16)))

/** Adds CDN-Loop to every request and rejects URLs of this deployment's gateway. */
export function withLoopGuard(outbound: Outbound, ownUrls: readonly string[], deploymentId: string): Outbound {
  const ownOrigins = ownUrls.map((url) => new URL(url).origin)
  const isOwnGateway = (text: string): boolean => {
    const { origin, pathname } = new URL(text)
    return ownOrigins.includes(origin) && /^\/mcp(\/|$)/.test(decodePath(pathname))
  }
  return {
    ...outbound,
    validateUrl: (url) => (isOwnGateway(url) ? 'must not lead to the gateway of this server' : outbound.validateUrl(url)),

    async send(url, request) {
      if (isOwnGateway(url)) throw new OutboundError('URL_NOT_ALLOWED')
      const incomingLoop = request.headers['cdn-loop']
      const loop = incomingLoop === undefined ? deploymentId : `${incomingLoop}, ${deploymentId}`
      return outbound.send(url, { ...request, headers: { ...request.headers, 'cdn-loop': loop } })
    },
  }
}
