/** The console session: sign-in, sign-out, and the client that sends both halves of the credential. */
import { createClient } from '@keyhouse/client'

/** The half of the session that JavaScript holds. The HttpOnly cookie is the other half; neither works alone. */
const storageName = 'keyhouse-session-key'
const endpoint = '/console/session'

export interface SessionInfo {
  readonly expiresAt: string
  /** Public URL of the server, for the commands that screens show. */
  readonly url: string
  readonly version: string
}

export type SignInRequest = { readonly signInToken: string } | { readonly invitationToken: string; readonly name: string }

/** A token from the fragment of the page's URL. */
export type FragmentToken = { readonly kind: 'sign-in' | 'invitation'; readonly token: string }

/** A refused sign-in. The message is the server's. */
export class SignInError extends Error {
  override readonly name = 'SignInError'
}

/** Reads the token from the fragment and removes it from the URL and the history, before anything else can read it. */
export function takeFragmentToken(): FragmentToken | null {
  const match = /^#(sign-in|invitation)=(kh_[\w-]{1,200})$/.exec(location.hash)
  if (location.hash !== '') history.replaceState(null, '', location.pathname + location.search)
  return match ? { kind: match[1] as FragmentToken['kind'], token: match[2]! } : null
}

const sessionHeaders = (): Record<string, string> => {
  const key = localStorage.getItem(storageName)
  return key === null ? {} : { 'x-keyhouse-session-key': key }
}

const listeners = new Set<() => void>()

/** Calls the listener after a response that says that the session has ended. Returns the function that removes it. */
export function onSessionEnd(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

async function sessionFetch(input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers)
  for (const [name, value] of Object.entries(sessionHeaders())) headers.set(name, value)
  const response = await fetch(input, { ...init, headers, credentials: 'same-origin' })
  if (response.status === 401) for (const listener of listeners) listener()
  return response
}

export const client = createClient({ url: '/console', fetch: sessionFetch })

/** The current session; null without one. @throws TypeError if the server cannot be reached */
export async function readSession(): Promise<SessionInfo | null> {
  const response = await fetch(endpoint, { headers: sessionHeaders(), credentials: 'same-origin' })
  if (response.status >= 500) throw new TypeError(`The server answered with status ${response.status}.`)
  const answer = (await response.json()) as Partial<SessionInfo>
  return answer.expiresAt === undefined ? null : (answer as SessionInfo)
}

/** @throws SignInError, or TypeError if the server cannot be reached */
export async function startSession(request: SignInRequest): Promise<void> {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    credentials: 'same-origin',
    body: JSON.stringify(request),
  })
  const answer = (await response.json().catch(() => null)) as { sessionKey?: string; errors?: { message: string }[] } | null
  if (!response.ok || !answer?.sessionKey) {
    throw new SignInError(answer?.errors?.[0]?.message ?? 'This link is not valid: it was used, has expired, or is incomplete.')
  }
  localStorage.setItem(storageName, answer.sessionKey)
}

/** Revokes the session and forgets its key. */
export async function endSession(): Promise<void> {
  const headers = sessionHeaders()
  localStorage.removeItem(storageName)
  await fetch(endpoint, { method: 'DELETE', headers, credentials: 'same-origin' })
}
