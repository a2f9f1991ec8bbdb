/** The current session, for the screens. */
import { createContext, useContext } from 'react'

import type { SessionInfo } from './session.js'

export const SessionContext = createContext<SessionInfo | null>(null)

/** @throws Error outside of a signed-in screen */
export function useSession(): SessionInfo {
  const session = useContext(SessionContext)
  if (!session) throw new Error('There is no session here. Render this inside the shell.')
  return session
}
