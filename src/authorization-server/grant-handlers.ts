/** Handlers of the token endpoint, by `grant_type`. The metadata lists the same. */
import type { GrantHandler } from './token-request.js'

export const grantHandlers: Readonly<Record<string, GrantHandler>> = {}
