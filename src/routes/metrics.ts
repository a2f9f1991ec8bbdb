/** Prometheus endpoint `/metrics`: on its own port when configured, else for loopback clients only. */
import { fastify, type FastifyInstance, type FastifyRequest } from 'fastify'

import type { Config } from '../config/config.js'
import type { Services } from '../context/services.js'
import { normalizeHost, isLoopback } from '../lib/network/address.js'
import { contentType } from '../observability/prometheus.js'

/** Headers that proxies add (RFC 7239, RFC 9110 §7.6.3, de facto). With any of them, the peer is not the client. */
const proxyHeaders = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip']

/** Checks the socket's address, which cannot be spoofed. A proxy on this machine must not expose the endpoint. */
function isFromLoopback({ raw }: FastifyRequest): boolean {
  const { remoteAddress = '' } = raw.socket
  return /^(127\.|::1$|::ffff:127\.)/.test(remoteAddress) && proxyHeaders.every((name) => raw.headers[name] === undefined)
}

/** Checks Host against DNS rebinding: a rebound page sends its own host name. */
function hasExpectedHost({ url }: Config, { headers: { host = '' } }: FastifyRequest): boolean {
  const text = `http://${host}`
  if (host === '' || !URL.canParse(text)) return false
  const name = normalizeHost(new URL(text).hostname)
  return isLoopback(name) || name === normalizeHost(new URL(url).hostname)
}

export function registerMetrics(server: FastifyInstance, services: Services): void {
  server.get('/metrics', { config: { isProbe: true } }, async (request, reply) => {
    // 404 for all others, as for a path that does not exist.
    if (!isFromLoopback(request) || !hasExpectedHost(services.config, request)) return reply.callNotFound()
    return reply.headers({ 'content-type': contentType, 'cache-control': 'no-store' }).send(await services.metrics.text())
  })
}

/** Server for the separate metrics port, without access control: the operator restricts the port. */
export function createMetricsServer(services: Services): FastifyInstance {
  const server = fastify({ forceCloseConnections: true })
  server.get('/metrics', async (_request, reply) => reply.header('content-type', contentType).send(await services.metrics.text()))
  return server
}
