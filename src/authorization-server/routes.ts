/** Registers the authorization server of each issuer: metadata, and the endpoints that take forms. */
import type { FastifyInstance } from 'fastify'

import type { Services } from '../context/services.js'
import { registerAccountPage } from './account.js'
import { registerAuthorizationPages } from './authorization-pages.js'
import { registerConnectAccount } from './connect-account.js'
import { registerFormParser } from './form.js'
import { registerIntrospectionEndpoint } from './introspection-endpoint.js'
import { registerIssuers } from './metadata.js'
import { registerOAuthErrors } from './oauth-errors.js'
import { registerRegistrationEndpoint } from './registration-endpoint.js'
import { registerRevocationEndpoint } from './revocation-endpoint.js'
import { registerSignIn } from './sign-in-callback.js'
import { registerSignOut } from './sign-out.js'
import { registerTokenEndpoint } from './token-endpoint.js'

export async function registerAuthorizationServer(server: FastifyInstance, services: Services): Promise<void> {
  registerIssuers(server, services)
  registerSignIn(server, services)
  registerAuthorizationPages(server, services)
  registerSignOut(server, services)
  registerConnectAccount(server, services)
  registerAccountPage(server, services)
  await server.register((scope, _options, done) => {
    registerFormParser(scope)
    registerOAuthErrors(scope, services)
    registerTokenEndpoint(scope, services)
    registerIntrospectionEndpoint(scope, services)
    registerRevocationEndpoint(scope, services)
    done()
  })
  await server.register((scope, _options, done) => {
    registerOAuthErrors(scope, services)
    registerRegistrationEndpoint(scope, services)
    done()
  })
}
