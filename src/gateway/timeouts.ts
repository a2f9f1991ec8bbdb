/** Timeouts of the gateway, in milliseconds. */
export interface GatewayTimeouts {
  /** Idle timeout: time without a byte from upstream, for a POST, and for a GET before its response. */
  readonly idleTimeoutMs: number
  /** Interval of comment lines on a GET stream, which keep proxies from closing it. */
  readonly heartbeatIntervalMs: number
  /** Interval at which open streams are revalidated. */
  readonly revalidateIntervalMs: number
  /** Grace period of a POST when the server drains. Shorter than the drain, so that its outcome is recorded. */
  readonly drainGraceMs: number
  /** Time that a call waits for an account after its user agreed to open the link. Shorter than the timeouts of common proxies. */
  readonly connectionWaitMs: number
  /** Interval at which a waiting call looks for the account. */
  readonly connectionPollMs: number
}

export const gatewayTimeouts: GatewayTimeouts = {
  idleTimeoutMs: 60_000,
  heartbeatIntervalMs: 20_000,
  revalidateIntervalMs: 500,
  drainGraceMs: 7000,
  connectionWaitMs: 20_000,
  connectionPollMs: 1000,
}
