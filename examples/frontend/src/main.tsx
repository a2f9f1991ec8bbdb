/** Entry of the page: the client, its token, and TanStack Query. */
import { createClient } from '@keyhouse/client'
import { KeyhouseProvider } from '@keyhouse/client/react'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { StrictMode, Suspense } from 'react'
import { createRoot } from 'react-dom/client'

import { Servers } from './servers.tsx'
import { fetchToken } from './token.ts'
import { Viewer } from './viewer.tsx'

const queryClient = new QueryClient()
// An empty URL is the page's own origin. Vite forwards /graphql, as a product's proxy does.
const client = createClient({ url: '', credential: fetchToken })

createRoot(document.querySelector('#page')!).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <KeyhouseProvider client={client}>
        <Suspense fallback={<p>Loading…</p>}>
          <Viewer />
          <Servers />
        </Suspense>
      </KeyhouseProvider>
    </QueryClientProvider>
  </StrictMode>,
)
