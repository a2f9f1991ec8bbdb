/** Finds the OAuth client of an authorization request, and decides whether a configuration accepts it. */
import type { Services } from '../../context/services.js'
import type { OAuthConfiguration } from '../../entities/oauth-configuration.js'
import type { Issuer } from '../../lib/issuer.js'
import { OutboundError } from '../../outbound/outbound-error.js'
import { OAuthError } from '../oauth-error.js'
import { PageError } from '../page-error.js'
import { documentHost, isDocumentUrl, type ClientDocuments } from './client-document.js'
import type { OAuthClient } from './client-metadata.js'
import { isRegisteredClientId, parseClientId } from './registered-client.js'

type ClientPolicy = Pick<OAuthConfiguration, 'allowsRegistration' | 'clientHosts'>

/** Whether the configuration accepts the client. Checked again at each token request, so a narrower rule ends its grants. */
export function acceptsClient({ allowsRegistration, clientHosts }: ClientPolicy, clientId: string): boolean {
  if (isRegisteredClientId(clientId)) return allowsRegistration
  return isDocumentUrl(clientId) && (clientHosts === null || clientHosts.includes(documentHost(clientId)))
}

/** @throws PageError, with what is wrong with the document */
async function findDocument(documents: ClientDocuments, { organizationId }: Issuer, clientId: string): Promise<OAuthClient> {
  try {
    return await documents.get(organizationId, clientId)
  } catch (error) {
    if (error instanceof OAuthError) throw new PageError('CLIENT_DOCUMENT_INVALID', { detail: error.message })
    throw error instanceof OutboundError ? new PageError('CLIENT_DOCUMENT_UNREACHABLE', { cause: error }) : error
  }
}

interface ClientRequest {
  readonly issuer: Issuer
  readonly clientId: string
  /** Configurations that the request may be for. One of them must accept the client before its document is fetched. */
  readonly policies: readonly ClientPolicy[]
}

/** @throws PageError */
export async function findClient(
  { deploymentSecrets }: Pick<Services, 'deploymentSecrets'>,
  documents: ClientDocuments,
  { issuer, clientId, policies }: ClientRequest,
): Promise<OAuthClient> {
  const registered = parseClientId(deploymentSecrets, issuer, clientId)
  if (!registered && !isDocumentUrl(clientId)) throw new PageError('CLIENT_UNKNOWN')
  if (!policies.some((policy) => acceptsClient(policy, clientId))) throw new PageError('CLIENT_NOT_ALLOWED')
  return registered ?? findDocument(documents, issuer, clientId)
}
