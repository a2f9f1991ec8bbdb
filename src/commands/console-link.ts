/** Link that signs a member in to the console. The token is in the fragment, which browsers send to no server. */
import type { Config } from '../config/config.js'
import { sessionCookie } from '../http/session-cookie.js'

/** Undefined when this server has no console. @param origin at which the browser reaches the server */
export const consoleLink = ({ console, url }: Config, origin: string, signInToken: string): string | undefined =>
  console && sessionCookie(url) ? `${origin}/console#sign-in=${signInToken}` : undefined
