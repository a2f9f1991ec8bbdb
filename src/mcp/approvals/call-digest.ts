/** The digest of a tool call: what must be the same for an approval to hold (docs/decisions/0164). */
import canonicalize from 'canonicalize'

import type { Actor } from '../../access/actor.js'
import type { McpServer } from '../../entities/mcp-server.js'
import { sha256 } from '../../lib/digest.js'
import { isJsonObject, type JsonObject } from '../../lib/json/json-rpc.js'
import type { UsableCredential } from '../credentials/open-credential.js'

/** Everything that is forwarded with a tool call. */
export interface CalledAs {
  readonly params: JsonObject & { readonly arguments: JsonObject }
  /** Headers of the client that are forwarded by name. */
  readonly headers: Readonly<Record<string, string>>
  readonly credential: UsableCredential
}

/**
 * Members of `_meta` that differ from call to call by their nature and tell a server nothing to act on: the token that
 * progress notifications repeat (MCP 2025-11-25, Progress), and the trace (W3C Trace Context).
 */
const perCall: ReadonlySet<string> = new Set(['progressToken', 'traceparent', 'tracestate'])
/** Characters: a longer one is compared. */
const maxPerCallLength = 256

const isPerCall = ([name, value]: [string, unknown]): boolean =>
  perCall.has(name) && (typeof value === 'number' || (typeof value === 'string' && value.length <= maxPerCallLength))

function withoutPerCall({ _meta, ...params }: JsonObject): JsonObject {
  if (!isJsonObject(_meta)) return _meta === undefined ? params : { ...params, _meta }
  const kept = Object.entries(_meta).filter((member) => !isPerCall(member))
  return kept.length === 0 ? params : { ...params, _meta: Object.fromEntries(kept) }
}

/** A credential is never changed in place, so its id is its version. Whatever changes one must add to this. */
const credentialVersion = ({ id }: UsableCredential): readonly unknown[] => [id]

export const computeCallDigest = ({ endUser }: Actor, { id, serverUrl }: McpServer, { params, headers, credential }: CalledAs): string =>
  sha256(canonicalize([id, serverUrl, endUser?.id ?? null, withoutPerCall(params), headers, credentialVersion(credential)]) ?? '')
