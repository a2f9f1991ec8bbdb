// Keyhouse with default settings and its own database.
import { directory } from './common.js'
import { documents } from './documents.js'

const { createApp } = await import('../../dist/app.js')
const { readConfig } = await import('../../dist/config/config.js')
const { bootstrapOrganization } = await import('../../dist/commands/organization-create.js')
const { createKey } = await import('../../dist/commands/api-key-create.js')

const app = await createApp(readConfig({ PORT: '0', KEYHOUSE_DATA_DIR: directory }))
const { sandboxApiKey: secret } = await bootstrapOrganization(app.services, { name: 'Bench', email: 'bench@example.com' })
for (let i = 0; i < 100; i++) await createKey(app.services, { environment: 'SANDBOX', label: `Key ${i}`, permissions: ['agent:read'] })

const headers = { authorization: `Bearer ${secret}` }
process.send({
  port: Number(new URL(app.url).port),
  scenarios: {
    exchange: { method: 'POST', path: '/graphql', headers, body: documents.exchange, expect: '"token":"ey' },
    verify: { method: 'POST', path: '/graphql', headers, body: documents.verify(secret), expect: '"code":"VALID"' },
    viewer: { method: 'POST', path: '/graphql', headers, body: documents.viewer, expect: '"kind":"API_KEY"' },
    list: { method: 'POST', path: '/graphql', headers, body: documents.list, expect: '"nodes":[{' },
  },
})
process.once('disconnect', () => void app.close().then(() => process.exit(0)))
