/** The page, and the part of a backend that it needs: /token exchanges the API key for an access token of one end user. */
import { createClient, exchangeApiKey } from '@keyhouse/client'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'

const url = process.env.KEYHOUSE_URL ?? 'http://localhost:4000'

const backend: Plugin = {
  name: 'backend',
  configureServer(server) {
    const client = createClient({ url, credential: process.env.KEY })
    // In a product, externalUserId is the user of the session.
    const input = {
      audience: url,
      externalUserId: 'jane',
      permissions: ['mcp_server:read', 'mcp_credential:create'],
      expiresIn: 900,
    }
    server.middlewares.use('/token', (_request, response, next) => {
      exchangeApiKey(client, input).then(({ token }) => response.setHeader('cache-control', 'no-store').end(token), next)
    })
  },
}

export default defineConfig({ plugins: [react(), backend], server: { proxy: { '/graphql': url } } })
