/** Sends a browser to sign its end user in, and remembers which browser it was. */
import type { FastifyReply } from 'fastify'

import type { Services } from '../../context/services.js'
import { readCookie, setCookie } from '../../http/cookie.js'
import { isRandomText, randomText } from '../../lib/crypto/random-text.js'
import { beginSignInUrl, type SignInTarget } from '../../oauth/sign-in/begin-sign-in.js'
import { signInTtlSeconds } from '../../oauth/sign-in/sign-in-request.js'
import { signInCookie } from './browser-cookies.js'
import { sendRedirect } from './page.js'

/** @throws PageError */
export async function beginSignIn(services: Services, reply: FastifyReply, target: SignInTarget): Promise<FastifyReply> {
  const cookie = signInCookie(services)
  const known = readCookie(cookie, reply.request.raw)
  // Sign-ins in several tabs share the cookie. Only this server can set it.
  const browser = known !== undefined && isRandomText(known) ? known : randomText()
  const url = await beginSignInUrl(services, browser, target)
  return sendRedirect(reply.header('set-cookie', setCookie(cookie, browser, signInTtlSeconds)), url)
}
