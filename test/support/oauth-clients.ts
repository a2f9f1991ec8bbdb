/** A product with Keyhouse in front of a real MCP server, and the browser of one of its users, for OAuth clients that nobody here wrote. */
import { startApp, type TestApp } from './app.js'
import { freePort, listen, type Listening } from './local-server.js'
import { everythingServer } from './mcp.js'
import { configureOAuth } from './oauth.js'
import { organization, type SeededKey, type SeededOrganization } from './seed.js'
import { UserAgent, type Visit } from './user-agent.js'

const unescape = (text: string): string => text.replaceAll('&#39;', "'").replaceAll('&quot;', '"').replaceAll('&amp;', '&')

export class ClientWorld {
  private constructor(
    readonly app: TestApp,
    readonly acme: SeededOrganization,
    /** The key of the OAuth configuration. */
    readonly key: SeededKey,
    /** Url of the MCP server at the gateway: all that a client is given. */
    readonly url: string,
    /** A loopback client's own server: it answers every redirect. */
    readonly callback: Listening,
    private readonly servers: readonly Listening[],
  ) {}

  static async start(configuration: object = {}): Promise<ClientWorld> {
    const port = await freePort()
    const env = { PORT: port, KEYHOUSE_URL: `http://127.0.0.1:${port}`, KEYHOUSE_OUTBOUND_ALLOW: '127.0.0.1' }
    // Clients look at the real clock.
    const app = await startApp(env, { clock: () => new Date() })
    const acme = await organization(app)
    const key = await acme.apiKey({ permissions: ['mcp_server:use', 'mcp_tool:*', 'access_token:introspect'] })
    const upstream = await everythingServer()
    const fields = { name: 'Everything', serverLabel: 'everything', serverUrl: `${upstream.origin}/mcp`, requireApproval: 'NEVER' }
    const { server } = await app.mutate(acme.sandboxKey, 'createMcpServer', fields, 'server { id }')
    const product = await listen(async ({ url }, response) => {
      const request = new URL(url!, 'http://product').searchParams.get('request')!
      const { url: next } = await app.mutate(key.secret, 'approveSignIn', { request, externalUserId: 'user-1' }, 'url')
      response.writeHead(303, { location: next }).end()
    })
    const callback = await listen((_request, response) => void response.end('You may close this window.'))
    await configureOAuth(acme, key.id, { product: { signInUrl: `${product.origin}/connect` } }, configuration)
    const world = new ClientWorld(app, acme, key, `${app.url}/mcp/${server.id}`, callback, [upstream, product, callback])
    await world.storeCredential('user-1')
    return world
  }

  get issuer(): string {
    return `${this.app.url}/o/${this.acme.id}/sandbox`
  }

  /** Stores the credential without which the end user cannot connect to the MCP server. */
  async storeCredential(endUser: string): Promise<void> {
    const fields = { serverId: this.url.slice(this.url.lastIndexOf('/') + 1), auth: { bearerToken: `tok_of_${endUser}` } }
    await this.app.mutate(this.acme.sandboxKey, 'createMcpCredential', fields, 'credential { id }', { 'x-on-behalf-of': endUser })
  }

  async close(): Promise<void> {
    await this.app.close()
    await Promise.all(this.servers.map((server) => server.close()))
  }

  /** Opens the authorization URL, signs in, and allows what `allows` accepts. Returns the client's page. */
  async authorize(url: string, allows: (permission: string) => boolean = () => true, agent = new UserAgent()): Promise<Visit> {
    const page = await agent.get(url)
    return agent.post(new URL(formOf(page, 'action'), page.url).href, {
      request: formOf(page, 'request'),
      decision: 'allow',
      ...Object.fromEntries(
        boxesOf(page)
          .filter(([, permission]) => allows(permission))
          .map(([name]) => [name, 'on']),
      ),
    })
  }

  /** Revokes every grant, as an administrator. Returns how many there were. */
  async revokeGrants(): Promise<number> {
    const { data } = await this.app.run(this.acme.adminToken, '{ oauthGrants(filter: { isRevoked: false }) { nodes { id } } }')
    const { nodes } = data.oauthGrants
    for (const { id } of nodes) await this.app.mutate(this.acme.adminToken, 'revokeOAuthGrant', { id }, 'grant { id }')
    return nodes.length
  }
}

/** Value of a part of the consent form. @throws Error with the page, if it is another one */
function formOf({ text, url }: Visit, part: 'action' | 'request'): string {
  const found = (part === 'action' ? /<form method="post" action="([^"]+)"/ : /name="request" value="([^"]+)"/).exec(text)?.[1]
  if (found === undefined) throw new Error(`No consent page at ${url}: ${text.replace(/<style>.*?<\/style>/s, '')}`)
  return unescape(found)
}

/** Names and texts of the checkboxes. */
const boxesOf = ({ text }: Visit): [string, string][] =>
  [...text.matchAll(/name="(permission-\d+)".*?<span>(.*?)<\/span>/gs)].map(([, name, label]) => [name!, label!.replaceAll(/<[^>]+>/g, '')])
