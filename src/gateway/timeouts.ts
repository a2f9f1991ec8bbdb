/** How long the gateway waits, in milliseconds. */
export interface GatewayTimeouts {
  /** Without a byte from upstream a POST ends after this, and a GET that was never answered. */
  readonly silence: number
  /** Between two comment lines on a GET stream. */
  readonly heartbeat: number
  /** Between two looks at whether open streams may stay open. */
  readonly look: number
  /** What a POST in flight still has when the server drains; less than the drain itself, so that its outcome is recorded. */
  readonly grace: number
}

export const gatewayTimeouts: GatewayTimeouts = { silence: 60_000, heartbeat: 20_000, look: 500, grace: 7000 }
