/** Registers the pages of an authorization: the request, and the answer of the end user. */
import type { FastifyInstance } from 'fastify'

import type { Services } from '../../context/services.js'
import { ClientDocuments } from '../../oauth/clients/client-document.js'
import { registerFormParser } from '../form.js'
import { findIssuer, issuerPath } from '../issuer-route.js'
import { registerPages } from '../pages/error-page.js'
import { authorize } from './authorize.js'
import { answerConsent } from './consent.js'

export function registerAuthorizationPages(server: FastifyInstance, services: Services): void {
  const documents = new ClientDocuments(services)
  registerPages(server, services, (scope) => {
    registerFormParser(scope)
    scope.get(`${issuerPath}/oauth/authorize`, (request, reply) => {
      const issuer = findIssuer(services.config, request)
      return issuer ? authorize(services, documents, issuer, request, reply) : reply.callNotFound()
    })
    scope.post(`${issuerPath}/oauth/consent`, (request, reply) => {
      const issuer = findIssuer(services.config, request)
      return issuer ? answerConsent(services, issuer, request, reply) : reply.callNotFound()
    })
  })
}
