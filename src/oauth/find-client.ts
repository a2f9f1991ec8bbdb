/** Finds the OAuth client of an authorization request, and decides whether a configuration accepts it. */
import type { Services } from '../context/services.js'
import type { OAuthConfiguration } from '../entities/oauth-configuration.js'
import type { Issuer } from '../lib/issuer.js'
import { OutboundError } from '../outbound/outbound-error.js'
import { documentHost, isDocumentUrl, type ClientDocuments } from './client-document.js'
import { ClientMetadataError, type OAuthClient } from './client-metadata.js'
import { isRegisteredClientId, parseClientId } from './registered-client.js'

type ClientPolicy = Pick<OAuthConfiguration, 'allowsRegistration' | 'clientHosts'>

/** Whether the configuration accepts the client. Checked again at each token request, so a narrower rule ends its grants. */
export function acceptsClient({ allowsRegistration, clientHosts }: ClientPolicy, clientId: string): boolean {
  if (isRegisteredClientId(clientId)) return allowsRegistration
  return isDocumentUrl(clientId) && (clientHosts === null || clientHosts.includes(documentHost(clientId)))
}

/** A client, or the reason that there is none as sentences for a person. */
export type FoundClient = { readonly client: OAuthClient } | { readonly problem: string }

/**
 * @param policies configurations of the issuer that the request may be for; one must accept the client before its document is fetched
 */
export async function findClient(
  services: Pick<Services, 'deploymentSecrets' | 'log'>,
  documents: ClientDocuments,
  { issuer, clientId, policies }: { readonly issuer: Issuer; readonly clientId: string; readonly policies: readonly ClientPolicy[] },
): Promise<FoundClient> {
  const isRegistered = isRegisteredClientId(clientId)
  const registered = isRegistered ? parseClientId(services.deploymentSecrets, issuer, clientId) : undefined
  if (isRegistered && !registered)
    return { problem: 'The client is not registered here. Remove this server from the app and add it again.' }
  if (!isRegistered && !isDocumentUrl(clientId))
    return { problem: 'The client id is neither from a registration here nor the https URL of a client metadata document.' }
  if (!policies.some((policy) => acceptsClient(policy, clientId)))
    return {
      problem: isRegistered
        ? 'Apps that register themselves may not connect to this server. Ask its administrator to allow registration.'
        : `Apps of ${documentHost(clientId)} may not connect to this server. Ask its administrator to add the host to "clientHosts".`,
    }
  if (registered) return { client: registered }
  try {
    return { client: await documents.get(issuer.organizationId, clientId) }
  } catch (error) {
    if (error instanceof ClientMetadataError)
      return { problem: `The metadata document of the app is not valid. ${error.message} Tell the developer of the app.` }
    if (!(error instanceof OutboundError)) throw error
    services.log.info({ err: error }, 'a client metadata document cannot be fetched')
    return { problem: 'The metadata document of the app cannot be fetched. Try again, or tell the developer of the app.' }
  }
}
