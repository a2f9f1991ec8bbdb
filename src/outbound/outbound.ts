/** What goes out, as the rooms see it; `mcp/outbound.ts` does it. */
import type { Readable } from 'node:stream'

export interface OutboundRequest {
  /** For whom: each organization has its share of name look-ups. */
  readonly organizationId: string
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly headers: Readonly<Record<string, string>>
  /** What proves who asks: never sent to another origin. Null: nothing does. */
  readonly credential: Readonly<Record<string, string>> | null
  readonly body?: string
  readonly signal: AbortSignal
  /** Id of the credential: a connection serves requests of one credential only. Absent: it closes with its answer. */
  readonly poolKey?: string
  /** The connection stands, so whatever the request carries has left. */
  readonly onSent?: () => void
}

export interface OutboundResponse {
  readonly statusCode: number
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** To be read to its end, or destroyed. */
  readonly body: Readable
}

/** Opens connections to elsewhere, and knows which addresses may be reached. */
export interface Outbound {
  /** Why this URL may not be asked, as far as it shows before its name is looked up; undefined when it may. */
  fault(url: string): string | undefined
  /** @throws OutboundError (mcp/outbound.ts); the body of the answer is not read yet. */
  send(url: string, request: OutboundRequest): Promise<OutboundResponse>
  close(): Promise<void>
}
