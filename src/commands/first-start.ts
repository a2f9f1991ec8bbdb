/** With SQLite the first start makes an organization, and shows its sandbox key and the admin's token: once. */
import type { App } from '../app.js'
import { findOrganizations } from './above-tenants.js'
import { bootstrapOrganization } from './organization-create.js'
import { columns, curl } from './words.js'

const adminEmail = 'admin@localhost.localdomain'
const whoAmI = '{ viewer { kind environment permissions organization { name } project { name } } }'

/** Where someone at this machine reaches it: not every system connects to an address that means "all". */
const nearby = (url: string): string => url.replace(/\/\/(127\.0\.0\.1|0\.0\.0\.0|\[::\])(?=:)/, '//localhost')

export async function announceFirstStart({ services, url }: App): Promise<void> {
  const { config } = services
  if (config.databaseUrl !== undefined) return
  if ((await findOrganizations(services)).length > 0) return
  const { sandboxApiKey, adminToken } = await bootstrapOrganization(services, { name: 'My organization', email: adminEmail })
  const graphql = `${nearby(url)}/graphql`
  console.log(`
Keyhouse is ready. It made an organization for you, and shows these once:

${columns([
  ['Sandbox API key', sandboxApiKey],
  ["Admin's LOGIN token", adminToken],
])}

The key may do all that a key may; the token is a person's, and good for 12 hours. Try the key:

  ${curl(graphql, { query: whoAmI }, sandboxApiKey)}

${columns([
  ...(config.explorer === 'sandbox' ? [['Explore in a browser', graphql] as const] : []),
  ['Another key', 'npx keyhouse api-key create'],
  ['Another token', `npx keyhouse sign-in --email ${adminEmail}`],
])}
`)
}
