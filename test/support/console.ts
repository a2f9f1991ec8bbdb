/** Signs in to the console as a browser does, and sends the two halves of the session together or alone. */
import type { TestApp } from './app.js'

/** An origin on loopback: the console's cookie is `keyhouse-4000`. */
export const consoleEnv = { KEYHOUSE_URL: 'http://localhost:4000' }

export interface ConsoleSession {
  /** `name=value`, as a browser sends it. */
  readonly cookie: string
  readonly sessionKey: string
  /** The whole `Set-Cookie` header. */
  readonly setCookie: string
}

/** Headers that a browser adds to a request of a page of the same origin. */
export const sameOrigin = { 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' }

export const postSession = (app: TestApp, body: object, headers: Record<string, string> = sameOrigin): Promise<Response> =>
  fetch(`${app.url}/console/session`, { method: 'POST', headers, body: JSON.stringify(body) })

export async function openSession(app: TestApp, body: object): Promise<ConsoleSession> {
  const response = await postSession(app, body)
  const setCookie = response.headers.get('set-cookie') ?? ''
  const { sessionKey } = (await response.json()) as { sessionKey: string }
  return { cookie: setCookie.split(';', 1)[0]!, sessionKey, setCookie }
}

/** Request headers with the halves that are given. */
export const halves = ({ cookie, sessionKey }: Partial<ConsoleSession>): Record<string, string> => ({
  ...(cookie === undefined ? {} : { cookie }),
  ...(sessionKey === undefined ? {} : { 'x-keyhouse-session-key': sessionKey }),
})

export const readSession = (app: TestApp, session: Partial<ConsoleSession>): Promise<Response> =>
  fetch(`${app.url}/console/session`, { headers: halves(session) })

export const runInConsole = (
  app: TestApp,
  session: Partial<ConsoleSession>,
  query: string,
  headers: Record<string, string> = {},
): Promise<Response> =>
  fetch(`${app.url}/console/graphql`, {
    method: 'POST',
    headers: { ...sameOrigin, ...halves(session), ...headers },
    body: JSON.stringify({ query }),
  })
