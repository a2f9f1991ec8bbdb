/** Opens a sealed credential for one request: the headers to send, and the secrets to redact from the response. */
import type { Context } from '../../context/context.js'
import type { McpCredential } from '../../entities/mcp-credential.js'
import { encodeHeaders, listSecrets } from './credential-secrets.js'
import { openValue } from './credential-value.js'

/** The columns of a credential that sending a request needs. */
export type UsableCredential = Pick<
  McpCredential,
  | 'id'
  | 'version'
  | 'authType'
  | 'expiresAt'
  | 'sealedValue'
  | 'aad'
  | 'healthStatus'
  | 'accessExpiresAt'
  | 'renewAt'
  | 'refreshVersion'
  | 'organizationId'
>

export interface OpenCredential {
  /** Null for type NONE. */
  readonly headers: Readonly<Record<string, string>> | null
  readonly secrets: readonly string[]
}

/** @throws SealError, after logging the credential's id */
export function openCredential({ services }: Context, credential: UsableCredential): OpenCredential {
  try {
    const value = openValue(services.masterKeys, credential)
    if (!value) return { headers: null, secrets: [] }
    return { headers: encodeHeaders(value), secrets: listSecrets(value) }
  } catch (error) {
    services.log.error({ err: error, credentialId: credential.id }, 'stored MCP credential cannot be decrypted')
    throw error
  }
}
