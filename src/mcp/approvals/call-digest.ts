/** Digest of a tool call. An approval holds only for a call with the same digest (docs/decisions/0164). */
import canonicalize from 'canonicalize'

import type { Actor } from '../../access/actor.js'
import type { McpServer } from '../../entities/mcp-server.js'
import { sha256 } from '../../lib/crypto/digest.js'
import { isJsonObject, type JsonObject } from '../../lib/json/json-rpc.js'
import type { UsableCredential } from '../credentials/open-credential.js'

/** Everything that is forwarded with a tool call. */
export interface ForwardedCall {
  readonly params: JsonObject & { readonly arguments: JsonObject }
  /** Headers of the client that are forwarded by name. */
  readonly headers: Readonly<Record<string, string>>
  readonly credential: UsableCredential
}

/**
 * Members of `_meta` excluded from the digest. They differ in every call and carry no instruction: the progress token
 * (MCP 2025-11-25, Progress) and the trace context (W3C Trace Context).
 */
const volatileMetaKeys: ReadonlySet<string> = new Set(['progressToken', 'traceparent', 'tracestate'])
/** Characters. A longer value could carry instructions, so it is part of the digest. */
const maxVolatileLength = 256

const isVolatile = ([name, value]: [string, unknown]): boolean =>
  volatileMetaKeys.has(name) && (typeof value === 'number' || (typeof value === 'string' && value.length <= maxVolatileLength))

function withoutVolatileMeta({ _meta, ...params }: JsonObject): JsonObject {
  if (!isJsonObject(_meta)) return _meta === undefined ? params : { ...params, _meta }
  const kept = Object.entries(_meta).filter((member) => !isVolatile(member))
  return kept.length === 0 ? params : { ...params, _meta: Object.fromEntries(kept) }
}

/** An approval does not cover another value of the credential, which may be another account. */
const credentialVersion = ({ id, version }: UsableCredential): readonly unknown[] => [id, version]

export const computeCallDigest = (
  { endUser }: Actor,
  { id, serverUrl }: McpServer,
  { params, headers, credential }: ForwardedCall,
): string =>
  sha256(canonicalize([id, serverUrl, endUser?.id ?? null, withoutVolatileMeta(params), headers, credentialVersion(credential)]) ?? '')
