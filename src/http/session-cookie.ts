/** Cookie of the console session. */
import { loginTtlSeconds } from '../personal-tokens/issue-personal-token.js'
import { originCookie, setCookie, type Cookie } from './cookie.js'

/** Undefined for plain http beyond loopback. No link from another site opens a session. @param url the configured origin */
export const sessionCookie = (url: string): Cookie | undefined => originCookie(url, 'keyhouse', 'Strict')

/** `Set-Cookie` value. @param jwt undefined clears the cookie */
export const setSessionCookie = (cookie: Cookie, jwt: string | undefined): string => setCookie(cookie, jwt, loginTtlSeconds)
