/** How long the edge waits, in milliseconds. */
export interface HttpTimeouts {
  /** Until all headers of a request have arrived. */
  readonly headersTimeoutMs: number
  /** Until the whole request has arrived. */
  readonly requestTimeoutMs: number
  /** From then until the answer; longer than the database may take for one statement. */
  readonly responseTimeoutMs: number
  /** Between two requests on one connection; longer than the 60 seconds of common load balancers, which would reuse a closed one. */
  readonly keepAliveTimeoutMs: number
  /** That a server which ends still waits for connections to be used once more, or to be left. */
  readonly minDrainMs: number
  /** That it then waits for the rest of a request of which only a part has arrived. */
  readonly partialRequestGraceMs: number
  /** How often slow requests are looked for. */
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
