/** Scopes that an MCP server misses in an access token (RFC 6750 §3.1, MCP 2026-07-28, Scope Challenge Handling). */
import type { Services } from '../../context/services.js'
import { setNeededScopes } from '../../database/queries/mcp-connections.js'
import { readBearerChallenge } from '../../outbound/bearer-challenge.js'
import type { UsableCredential } from '../credentials/open-credential.js'
import { toScopes } from '../servers/server-oauth.js'

/** Records them for the next connection, and returns them. Empty for another challenge. */
export async function recordNeededScopes(
  { journal }: Pick<Services, 'journal'>,
  { id, version }: UsableCredential,
  challenge: string | undefined,
): Promise<readonly string[]> {
  const { error, scope = '' } = await readBearerChallenge(challenge)
  if (error !== 'insufficient_scope') return []
  const scopes = toScopes(scope.split(' '))
  if (scopes.length > 0)
    await journal.writeBackground({ statements: [{ sql: setNeededScopes, parameters: [JSON.stringify(scopes), id, version] }] })
  return scopes
}
