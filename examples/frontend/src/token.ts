/** The access token of the signed-in user, from the product's backend. */

/** Renews the token this long before it expires. The backend lets it live for 15 minutes. */
const usableMs = 14 * 60_000

let current: { readonly token: Promise<string>; readonly until: number } | undefined

async function requestToken(): Promise<string> {
  const response = await fetch('/token')
  if (!response.ok) throw new Error(`/token answered ${response.status}.`)
  return response.text()
}

/** The client calls it before each request. */
export function fetchToken(): Promise<string> {
  if (!current || current.until <= Date.now()) {
    const token = requestToken()
    current = { token, until: Date.now() + usableMs }
    // A failure must not be kept.
    token.catch(() => (current = undefined))
  }
  return current.token
}
