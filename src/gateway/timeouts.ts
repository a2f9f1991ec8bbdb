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
}

export const gatewayTimeouts: GatewayTimeouts = {
  idleTimeoutMs: 60_000,
  heartbeatIntervalMs: 20_000,
  revalidateIntervalMs: 500,
  drainGraceMs: 7000,
}
