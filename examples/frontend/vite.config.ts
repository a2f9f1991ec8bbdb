/** The page, and the part of a backend that it needs: /token exchanges the API key for an access token of one end user. */
import { createClient, exchangeApiKey } from '@keyhouse/client'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

const url = process.env.KEYHOUSE_URL ?? 'http://localhost:4000'

const backend: Plugin = {
  name: 'backend',
  configureServer(server) {
    const client = createClient({ url, credential: process.env.KEY })
    server.middlewares.use('/token', async (_request, response, next) => {
      try {
        const { token } = await exchangeApiKey(client, {
          audience: url,
          // In a product: the user of the session.
          externalUserId: 'jane',
          permissions: ['mcp_server:read', 'mcp_credential:create'],
          expiresIn: 900,
        })
        response.setHeader('cache-control', 'no-store').end(token)
      } catch (error) {
        next(error)
      }
    })
  },
}

// oxlint-disable-next-line import/no-default-export -- Vite reads the default export
export default defineConfig({ plugins: [react(), backend], server: { proxy: { '/graphql': url } } })
