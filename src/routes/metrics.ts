/** `/metrics`: on a port of its own where one is configured, else for callers on this machine alone. */
import { fastify, type FastifyInstance, type FastifyRequest } from 'fastify'

import type { Config } from '../config/config.js'
import type { Services } from '../context/services.js'
import { normalizeHost, isLoopback } from '../lib/address.js'
import { contentType } from '../observability/prometheus.js'

/** What a proxy adds (RFC 7239, RFC 9110 §7.6.3, and custom): with any of them the peer is not who asks. */
const proxied = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip']

/** By the address of the socket, which nobody can claim; a proxy on this machine must not lend it to the world. */
function isFromHere({ raw }: FastifyRequest): boolean {
  const { remoteAddress = '' } = raw.socket
  return /^(127\.|::1$|::ffff:127\.)/.test(remoteAddress) && proxied.every((name) => raw.headers[name] === undefined)
}

/** A page of another origin gets here by a name of its own that leads to this machine (DNS rebinding), and sends that name. */
function isAskedByOurName({ url }: Config, { headers: { host = '' } }: FastifyRequest): boolean {
  const text = `http://${host}`
  if (host === '' || !URL.canParse(text)) return false
  const name = normalizeHost(new URL(text).hostname)
  return isLoopback(name) || name === normalizeHost(new URL(url).hostname)
}

export function registerMetrics(server: FastifyInstance, app: Services): void {
  server.get('/metrics', async (request, reply) => {
    // Nobody else learns that there is something at this path.
    if (!isFromHere(request) || !isAskedByOurName(app.config, request)) return reply.callNotFound()
    return reply.headers({ 'content-type': contentType, 'cache-control': 'no-store' }).send(await app.metrics.text())
  })
}

/** The port of its own, for whoever reaches it. */
export function createMetricsServer(app: Services): FastifyInstance {
  const server = fastify({ forceCloseConnections: true })
  server.get('/metrics', async (_request, reply) => reply.header('content-type', contentType).send(await app.metrics.text()))
  return server
}
