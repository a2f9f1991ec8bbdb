/** Timeouts of the HTTP server, in milliseconds. */
export interface HttpTimeouts {
  /** From the start of a request until all its headers have arrived. */
  readonly headersTimeoutMs: number
  /** From the start of a request until it has arrived completely. */
  readonly requestTimeoutMs: number
  /** From the complete request until the response. Longer than the statement timeout of the database. */
  readonly responseTimeoutMs: number
  /** Idle time of a connection. Longer than the 60 seconds of common load balancers, which would reuse a closed connection. */
  readonly keepAliveTimeoutMs: number
  /** Minimum drain while connections are open, so that clients see "Connection: close" or disconnect. */
  readonly minDrainMs: number
  /** After the drain, the grace period for a partial request to arrive completely. */
  readonly partialRequestGraceMs: number
  /** Interval at which Node checks headersTimeoutMs and requestTimeoutMs. */
  readonly checkIntervalMs: number
}

export const httpTimeouts: HttpTimeouts = {
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 15_000,
  responseTimeoutMs: 30_000,
  keepAliveTimeoutMs: 72_000,
  minDrainMs: 250,
  partialRequestGraceMs: 2000,
  checkIntervalMs: 1000,
}
