/** How long the edge waits, in milliseconds. */
export interface Times {
  /** Until all headers of a request have arrived. */
  readonly headers: number
  /** Until the whole request has arrived. */
  readonly arrival: number
  /** From then until the answer; longer than the database may take for one statement. */
  readonly answer: number
  /** Between two requests on one connection; longer than the 60 seconds of common load balancers, which would reuse a closed one. */
  readonly keepAlive: number
  /** That a server which ends still waits for connections to be used once more, or to be left. */
  readonly linger: number
  /** That it then waits for the rest of a request of which only a part has arrived. */
  readonly rest: number
  /** How often slow requests are looked for. */
  readonly check: number
}

export const times: Times = { headers: 10_000, arrival: 15_000, answer: 30_000, keepAlive: 72_000, linger: 250, rest: 2000, check: 1000 }
