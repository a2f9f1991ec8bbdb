/** Redirect URIs of OAuth clients: which may be registered, and which one matches (RFC 8252 §7, RFC 9700 §4.1.3). */

export const maxRedirectUriLength = 500

/** The only hosts whose port is ignored: an app listens on whatever port is free (RFC 8252 §7.3). */
const loopback = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?([/?].*)?$/

/** Schemes that a browser itself interprets. As a private-use scheme each would run or show what a client wrote. */
const browserSchemes: ReadonlySet<string> = new Set(
  'about blob chrome data file filesystem ftp http https intent javascript mailto resource sms tel vbscript view-source ws wss'.split(' '),
)

const schemePattern = /^[a-z][a-z0-9+.-]{0,62}$/

/** Whether an app may receive redirects by this scheme, without the colon (RFC 8252 §7.1). */
export const isPrivateUseScheme = (scheme: string): boolean => schemePattern.test(scheme) && !browserSchemes.has(scheme)

export const isLoopbackRedirect = (uri: string): boolean => loopback.test(uri)

const schemeOf = (uri: string): string => uri.slice(0, uri.indexOf(':')).toLowerCase()

/** Scheme of a redirect to an app; undefined for https and loopback http. */
export const privateUseScheme = (uri: string): string | undefined => (/^https?:/i.test(uri) ? undefined : schemeOf(uri))

/** Whether answers may go there: the scheme of an app needs the consent of the tenant. */
export function allowsRedirect({ redirectSchemes }: { readonly redirectSchemes: readonly string[] }, uri: string): boolean {
  const scheme = privateUseScheme(uri)
  return scheme === undefined || redirectSchemes.includes(scheme)
}

/** Issue of a redirect URI as the rest of a sentence; undefined for one that may be registered. */
export function validateRedirectUri(uri: string): string | undefined {
  if (uri.length > maxRedirectUriLength) return `must have at most ${maxRedirectUriLength} characters`
  if (!/^[\x21-\x7E]+$/.test(uri) || !URL.canParse(uri)) return 'must be an absolute URI in printable ASCII'
  // RFC 6749 §3.1.2. The response would hide in it.
  if (uri.includes('#')) return 'must not have a fragment'
  const { protocol, username, password } = new URL(uri)
  if (username !== '' || password !== '') return 'must not have a user name or password'
  if (protocol === 'https:' || isLoopbackRedirect(uri) || isPrivateUseScheme(schemeOf(uri))) return undefined
  return 'must be https, http on localhost, 127.0.0.1 or [::1], or have a private-use scheme'
}

const withoutPort = (uri: string): string => uri.replace(loopback, (_uri, host: string, _port, rest = '') => `http://${host}${rest}`)

/** Exact comparison, but for the port of a loopback host. */
export const matchesRedirectUri = (registered: string, requested: string): boolean =>
  registered === requested || (isLoopbackRedirect(requested) && withoutPort(registered) === withoutPort(requested))

/** Destination as a person reads it: the host, or the scheme of an app. The port of a loopback host says nothing. */
export function redirectHost(uri: string): string {
  const { host, hostname } = new URL(uri)
  return privateUseScheme(uri) ?? (isLoopbackRedirect(uri) ? hostname : host)
}
