/** Outbound HTTP client interface; `create-outbound.ts` implements it. */
import type { Readable } from 'node:stream'

export interface OutboundRequest {
  /** Organization whose DNS look-up limit applies. */
  readonly organizationId: string
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly headers: Readonly<Record<string, string>>
  /** Authentication headers, never sent to another origin; null for an unauthenticated request. */
  readonly credential: Readonly<Record<string, string>> | null
  readonly body?: string
  readonly signal: AbortSignal
  /** False: a redirect is an error. By default up to three are followed, each under the address rules. */
  readonly followRedirects?: false
  /** Id of the credential, since a connection serves only one credential. Without it, the connection closes after the response. */
  readonly poolKey?: string
  /** Called once the connection is established; from then on, the request may have reached the server. */
  readonly onSent?: () => void
}

export interface OutboundResponse {
  readonly statusCode: number
  /** Header values by lower-case name. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** The caller must read the body to its end or destroy it. */
  readonly body: Readable
}

/** Outbound HTTP client that enforces the address rules. */
export interface Outbound {
  /** Issue of a disallowed URL, found without a DNS look-up; undefined for an allowed one. */
  validateUrl(url: string): string | undefined
  /** Resolves with the response head, before the body is read. @throws OutboundError */
  send(url: string, request: OutboundRequest): Promise<OutboundResponse>
  close(): Promise<void>
}
