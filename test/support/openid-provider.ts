/** oidc-provider as the OpenID provider of a product: its sign-in page has one link for each user. */
import { generateKeyPairSync } from 'node:crypto'

import { Provider } from 'oidc-provider'
import { createMemoryAdapter } from 'oidc-provider/lib/adapters/memory_adapter.js'

import { listen, type Listening } from './local-server.js'

export const oidcClient = { clientId: 'keyhouse', clientSecret: 'a secret of the OpenID provider' }

/** @param redirectUri of Keyhouse. The claim `employee` of a user is `emp-` and the name. */
export async function startOpenIdProvider(redirectUri: string, users: readonly string[]): Promise<Listening> {
  let handle: ReturnType<Provider['callback']> | undefined
  const server = await listen((request, response) => handle?.(request, response))
  const provider = newProvider(server.origin, redirectUri)
  provider.use(async (ctx, next) => {
    const [, uid, user] = /^\/interaction\/([\w-]+)(?:\/(\w+))?$/.exec(ctx.path) ?? []
    if (uid === undefined) return next()
    if (user !== undefined) return provider.interactionFinished(ctx.req, ctx.res, { login: { accountId: user } })
    ctx.type = 'html'
    ctx.body = users.map((name) => `<a href="/interaction/${uid}/${name}">${name}</a>`).join(' ')
  })
  handle = provider.callback()
  return server
}

function newProvider(origin: string, redirectUri: string): Provider {
  const provider = new Provider(origin, {
    adapter: createMemoryAdapter(),
    clients: [
      {
        client_id: oidcClient.clientId,
        client_secret: oidcClient.clientSecret,
        redirect_uris: [redirectUri],
        response_types: ['code'],
        grant_types: ['authorization_code'],
      },
    ],
    cookies: { keys: ['a key of the tests'] },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    conformIdTokenClaims: false,
    claims: { openid: ['sub', 'employee'] },
    findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id, employee: `emp-${id}` }) }),
    async loadExistingGrant({ oidc }) {
      const grant = new provider.Grant({ accountId: oidc.session?.accountId, clientId: oidc.client?.clientId })
      grant.addOIDCScope('openid')
      await grant.save()
      return grant
    },
    jwks: { keys: [generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })] },
    ttl: { AccessToken: 600, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
  })
  return provider
}
