/** Timeouts of the gateway, in milliseconds. */
export interface GatewayTimeouts {
  /** Idle timeout: time without a byte from upstream, for a POST, and for a GET before its response. */
  readonly silence: number
  /** Interval of comment lines on a GET stream, which keep proxies from closing it. */
  readonly heartbeat: number
  /** Interval at which open streams are revalidated. */
  readonly look: number
  /** Grace period of a POST when the server drains. Shorter than the drain, so that its outcome is recorded. */
  readonly grace: number
}

export const gatewayTimeouts: GatewayTimeouts = { silence: 60_000, heartbeat: 20_000, look: 500, grace: 7000 }
