/** Registers the authorization server of each issuer: metadata, and the endpoints that take forms. */
import type { FastifyInstance } from 'fastify'

import type { Services } from '../context/services.js'
import { registerAccountPage } from './account/account.js'
import { registerConnectAccount } from './account/connect-account.js'
import { registerAuthorizationPages } from './authorize/authorization-pages.js'
import { registerFormParser } from './form.js'
import { registerIssuers } from './metadata.js'
import { registerOAuthErrors } from './oauth-errors.js'
import { registerSignIn } from './pages/sign-in-callback.js'
import { registerSignOut } from './pages/sign-out.js'
import { registerIntrospectionEndpoint } from './token/introspection-endpoint.js'
import { registerRegistrationEndpoint } from './token/registration-endpoint.js'
import { registerRevocationEndpoint } from './token/revocation-endpoint.js'
import { registerTokenEndpoint } from './token/token-endpoint.js'

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
