/** All that a message needs on its way through the gateway. */
import type { FastifyReply, FastifyRequest } from 'fastify'

import type { Context } from '../context/context.js'
import type { Message } from '../lib/json/json-rpc.js'
import type { Admission } from './authorize-message.js'
import type { OpenStreams } from './open-streams.js'
import type { GatewayTimes } from './timeouts.js'

export interface Forwarding extends Admission {
  readonly ctx: Context
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly streams: OpenStreams
  readonly message: Message | null
  readonly times: GatewayTimes
}
