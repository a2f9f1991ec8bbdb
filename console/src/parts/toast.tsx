/** Short confirmations in a corner, announced to screen readers. Never pass a secret. */
import { createContext, useCallback, useContext, useState } from 'react'
import type { ReactElement, ReactNode } from 'react'

import classes from './text.module.css'

const lifetimeMs = 5000
const ToastContext = createContext<(text: string) => void>(() => undefined)

/** Returns the function that shows a toast. */
export const useToast = (): ((text: string) => void) => useContext(ToastContext)

export function Toasts({ children }: { readonly children: ReactNode }): ReactElement {
  const [toasts, setToasts] = useState<readonly { readonly id: string; readonly text: string }[]>([])
  const show = useCallback((text: string) => {
    const toast = { id: crypto.randomUUID(), text }
    setToasts((previous) => [...previous, toast])
    setTimeout(() => setToasts((previous) => previous.filter(({ id }) => id !== toast.id)), lifetimeMs)
  }, [])
  return (
    <ToastContext.Provider value={show}>
      {children}
      <div role="status" className={classes['toasts']}>
        {toasts.map(({ id, text }) => (
          <div key={id} className={classes['toast']}>
            {text}
          </div>
        ))}
      </div>
    </ToastContext.Provider>
  )
}
