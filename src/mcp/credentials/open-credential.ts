/** What a credential sends, opened for this one request, and what of it must not come back. */
import type { Context } from '../../context/context.js'
import type { McpCredential } from '../../entities/mcp-credential.js'
import { encodeHeaders, listSecrets } from './credential-secrets.js'
import { openValue } from './credential-value.js'

export interface OpenCredential {
  /** Null: it sends nothing. */
  readonly headers: Readonly<Record<string, string>> | null
  readonly secrets: readonly string[]
}

/** @throws SealError, after telling the log which row does not open. */
export function openCredential({ app }: Context, credential: UsableCredential): OpenCredential {
  try {
    const value = openValue(app.masterKeys, credential)
    if (!value) return { headers: null, secrets: [] }
    return { headers: encodeHeaders(value), secrets: listSecrets(value) }
  } catch (error) {
    app.log.error({ err: error, credentialId: credential.id }, 'a stored credential does not open')
    throw error
  }
}

/** What of a credential a message needs. */
export type UsableCredential = Pick<McpCredential, 'id' | 'authType' | 'expiresAt' | 'sealedValue' | 'aad'>
