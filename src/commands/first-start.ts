/** With SQLite the first start makes an organization, and shows its sandbox key and the admin's token: once. */
import type { App } from '../app.js'
import { findOrganizations } from './above-tenants.js'
import { bootstrapOrganization } from './organization-create.js'

export async function announceFirstStart({ services, url }: App): Promise<void> {
  if (services.config.databaseUrl !== undefined) return
  if ((await findOrganizations(services)).length > 0) return
  const made = await bootstrapOrganization(services, { name: 'My organization', email: 'admin@localhost.localdomain' })
  const query = `{"query":"{ viewer { kind environment permissions organization { name } project { name } } }"}`
  console.log(`
Keyhouse is ready. These are shown once; only digests are kept.

  Sandbox API key      ${made.sandboxApiKey}
  Admin's LOGIN token  ${made.adminToken}
  (the key may do all that a key may; the token is good for 12 hours, then: npx keyhouse sign-in --email admin@localhost.localdomain)

Try it:

  curl -s ${url.replace('127.0.0.1', 'localhost')}/graphql -H 'Content-Type: application/json' -H 'Authorization: Bearer ${made.sandboxApiKey}' -d '${query}'

Explore it: ${url.replace('127.0.0.1', 'localhost')}/graphql in a browser.
`)
}
