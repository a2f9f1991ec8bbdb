/**
 * Cookies of end users in a browser. SameSite=Lax: the application, and the provider that signs the end user in, lead here by a
 * link from another site. Every change of the pages is a POST, which Lax keeps from other sites.
 */
import type { Services } from '../../context/services.js'
import { originCookie, type Cookie } from '../../http/cookie.js'
import type { Place } from '../../oauth/configurations/active-configuration.js'
import { PageError } from '../../oauth/page-error.js'

/** @throws PageError HTTPS_REQUIRED for plain http beyond loopback */
function requireCookie({ config }: Services, name: string): Cookie {
  const cookie = originCookie(config.url, name, 'Lax')
  if (!cookie) throw new PageError('HTTPS_REQUIRED')
  return cookie
}

/** @throws PageError HTTPS_REQUIRED for plain http beyond loopback */
export const assertSecureOrigin = (services: Services): void => void requireCookie(services, '')

/** One session for each place: who signs in to one project is not signed in to another. */
export const placeCookie = (services: Services, { projectId, environment }: Omit<Place, 'organizationId'>): Cookie =>
  requireCookie(services, `keyhouse-${projectId}-${environment.toLowerCase()}`)

/** Names the browser while a sign-in is in progress. */
export const signInCookie = (services: Services): Cookie => requireCookie(services, 'keyhouse-sign-in')
