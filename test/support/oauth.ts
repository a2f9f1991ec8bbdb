/** A world with an OAuth configuration: an application on a port of its own, and browsers that sign in there. */
import { randomBytes } from 'node:crypto'

import type { Overrides } from '../../src/app.js'
import { systemContext } from '../../src/context/context.js'
import type { Environment } from '../../src/entities/enums.js'
import { OAuthConfiguration } from '../../src/entities/oauth-configuration.js'
import { beginSignInUrl } from '../../src/oauth/sign-in/begin-sign-in.js'
import { findEndUserSession, type EndUserSession } from '../../src/oauth/sign-in/browser-session.js'
import { startApp, type TestApp } from './app.js'
import { freePort } from './local-server.js'
import type { SeededOrganization } from './seed.js'
import type { UserAgent } from './user-agent.js'

/** Starts an application whose KEYHOUSE_URL is where it listens, so that browsers come back to it. */
export async function startOAuthApp(env: Record<string, string> = {}, overrides: Overrides = {}): Promise<TestApp> {
  const port = await freePort()
  return startApp({ PORT: port, KEYHOUSE_URL: `http://127.0.0.1:${port}`, KEYHOUSE_OUTBOUND_ALLOW: '127.0.0.1', ...env }, overrides)
}

export const callbackOf = (app: TestApp): string => `${app.url}/oauth/sign-in/callback`

/** Sets the configuration of the key's project and environment as an ADMIN. */
export async function configureOAuth(acme: SeededOrganization, apiKeyId: string, signIn: object, rest: object = {}): Promise<string> {
  const input = { apiKeyId, signIn, ...rest }
  const { configuration, userErrors } = await acme.app.mutate(acme.adminToken, 'setOAuthConfiguration', input, 'configuration { id }')
  if (userErrors.length > 0) throw new Error(JSON.stringify(userErrors))
  return configuration.id
}

export interface SignInPlace {
  readonly projectId: string
  readonly environment: Environment
}

const cookieName = (app: TestApp, name: string): string => `${name}-${new URL(app.url).port}`
export const signInCookieName = (app: TestApp): string => cookieName(app, 'keyhouse-sign-in')
export const sessionCookieName = (app: TestApp, { projectId, environment }: SignInPlace): string =>
  cookieName(app, `keyhouse-${projectId}-${environment.toLowerCase()}`)

/** Where a page that wants an end user sends this browser, with the cookie that goes with it. */
export async function beginIn(acme: SeededOrganization, agent: UserAgent, returnTo = '/oauth/sign-out'): Promise<string> {
  const { app } = acme
  const configuration = await systemContext(app.services, acme.id).em.findOneOrFail(OAuthConfiguration, {})
  const cookies = agent.cookies(app.url)
  const browser = cookies.get(signInCookieName(app)) ?? randomBytes(32).toString('base64url')
  cookies.set(signInCookieName(app), browser)
  return beginSignInUrl(app.services, browser, { configuration, returnTo })
}

/** The session of this browser, as pages find it; null: not signed in. */
export async function sessionIn(
  { app, projectId }: SeededOrganization,
  agent: UserAgent,
  environment: Environment = 'SANDBOX',
): Promise<EndUserSession | null> {
  const text = agent.cookies(app.url).get(sessionCookieName(app, { projectId, environment }))
  return text === undefined ? null : findEndUserSession(app.services, text)
}
