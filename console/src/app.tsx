/** The console: the session, the data layer and the routes. */
import { CSPProvider } from '@base-ui/react/csp-provider'
import { KeyhouseProvider } from '@keyhouse/client/react'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { Suspense, useCallback, useEffect, useState } from 'react'
import type { ReactElement } from 'react'
import { Route, Router, Switch } from 'wouter'

import { useAccess } from './access.js'
import { Button } from './parts/button.js'
import { Notice, Skeleton } from './parts/problem.js'
import { Toasts } from './parts/toast.js'
import { screens } from './screens.js'
import type { Screen } from './screens.js'
import { Missing, Refused } from './screens/missing.js'
import { SignIn } from './screens/sign-in.js'
import { SessionContext } from './session-context.js'
import { client, readSession, takeFragmentToken } from './session.js'
import type { FragmentToken, SessionInfo } from './session.js'
import { Shell } from './shell.js'

const queryClient = new QueryClient({ defaultOptions: { queries: { staleTime: 5000 } } })

type SessionState = { readonly session: SessionInfo | null } | 'loading' | 'unreachable'

export function App({ fragmentToken }: { readonly fragmentToken: FragmentToken | null }): ReactElement {
  const [state, setState] = useState<SessionState>('loading')
  const [token, setToken] = useState(fragmentToken)
  const refresh = useCallback(async () => {
    try {
      setState({ session: await readSession() })
    } catch {
      setState('unreachable')
    }
  }, [])
  useEffect(() => void refresh(), [refresh])
  useEffect(() => {
    // A link that is opened in a tab of the console changes the fragment only, and loads nothing.
    const onHashChange = (): void => {
      const next = takeFragmentToken()
      if (next) setToken(next)
    }
    window.addEventListener('hashchange', onHashChange)
    return () => window.removeEventListener('hashchange', onHashChange)
  }, [])

  const onSignedIn = async (): Promise<void> => {
    queryClient.clear()
    setToken(null)
    await refresh()
  }
  return (
    <QueryClientProvider client={queryClient}>
      <KeyhouseProvider client={client}>
        <CSPProvider disableStyleElements>
          <Router base="/console">
            <Toasts>
              {state === 'unreachable' && <Unreachable onRetry={() => void refresh()} />}
              {typeof state === 'object' &&
                (token !== null || state.session === null ? (
                  <SignIn token={token} session={state.session} onSignedIn={() => void onSignedIn()} onKeep={() => setToken(null)} />
                ) : (
                  <SessionContext value={state.session}>
                    <Shell onSessionChange={refresh}>
                      <Screens />
                    </Shell>
                  </SessionContext>
                ))}
            </Toasts>
          </Router>
        </CSPProvider>
      </KeyhouseProvider>
    </QueryClientProvider>
  )
}

function Screens(): ReactElement {
  const { can } = useAccess()
  const isRefused = ({ permission }: Screen): boolean => permission !== undefined && !can(permission)
  return (
    <Switch>
      {screens.map((screen) => (
        <Route key={screen.path} path={screen.route ?? screen.path}>
          {(params) =>
            isRefused(screen) ? (
              <Refused screen={screen} />
            ) : (
              // Around the routes, it would keep the previous screen in the DOM, hidden, with the secret that it showed.
              <Suspense fallback={<Skeleton />}>
                <screen.component params={params as Readonly<Record<string, string>>} />
              </Suspense>
            )
          }
        </Route>
      ))}
      <Route>
        <Missing />
      </Route>
    </Switch>
  )
}

function Unreachable({ onRetry }: { readonly onRetry: () => void }): ReactElement {
  return (
    <main className="stack">
      <h1>Keyhouse</h1>
      <Notice>
        <p>Keyhouse does not answer. Check the network, then try again.</p>
        <div className="row">
          <Button onClick={onRetry}>Try again</Button>
        </div>
      </Notice>
    </main>
  )
}
