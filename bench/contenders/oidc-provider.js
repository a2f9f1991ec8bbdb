// oidc-provider's client_credentials grant with JWT access tokens (ES256), its in-memory adapter and a static client:
// no look-up, no durable write, and no record of the JWT.
import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'

import { Provider } from 'oidc-provider'

import { announce } from './common.js'

const signingKey = {
  ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }),
  alg: 'ES256',
  use: 'sig',
  kid: 'bench',
}
const resource = 'https://agents.example.com'
const provider = new Provider('http://127.0.0.1', {
  jwks: { keys: [signingKey] },
  clients: [
    {
      client_id: 'bench',
      client_secret: 'only-for-the-benchmark',
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      id_token_signed_response_alg: 'ES256',
    },
  ],
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => resource,
      getResourceServerInfo: () => ({
        scope: 'agent:read',
        audience: resource,
        accessTokenFormat: 'jwt',
        accessTokenTTL: 3600,
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
})
announce(createServer(provider.callback()), {
  exchange: {
    method: 'POST',
    path: '/token',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `Basic ${Buffer.from('bench:only-for-the-benchmark').toString('base64')}`,
    },
    text: `grant_type=client_credentials&scope=agent%3Aread&resource=${encodeURIComponent(resource)}`,
    expect: '"access_token":"ey',
  },
})
