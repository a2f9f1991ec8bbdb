/** An OpenID provider that lies: it signs whatever claims a test asks for, and answers as a test says. */
import { exportJWK, generateKeyPair, SignJWT } from 'jose'

import { bodyOf, listen, type Handler, type Listening } from './local-server.js'

export interface OpenIdDouble extends Listening {
  /** Answers instead of the provider; undefined: the request goes on to it. */
  handler: Handler | undefined
  /** Changes to the claims of the next ID tokens. */
  claims: object
  /** Metadata beside the usual ones. */
  metadata: object
  /** Signs with a key that is not published. */
  isForged: boolean
  /** Paths that were asked for. */
  readonly requests: string[]
}

/** Every code is accepted, any number of times. The nonce is that of the latest authorization request. */
export async function startOpenIdDouble(clientId: string): Promise<OpenIdDouble & { readonly nonceFrom: (url: string) => void }> {
  const [published, other] = await Promise.all([generateKeyPair('RS256'), generateKeyPair('RS256')])
  const jwk = { ...(await exportJWK(published.publicKey)), kid: 'one', alg: 'RS256' }
  let nonce: string | null = null
  const state: Omit<OpenIdDouble, keyof Listening> = { handler: undefined, claims: {}, metadata: {}, isForged: false, requests: [] }
  const idToken = (): Promise<string> => {
    const now = Math.floor(Date.now() / 1000)
    const claims = { iss: server.origin, aud: clientId, sub: 'ada', iat: now, exp: now + 60, nonce, ...state.claims }
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', kid: 'one' })
      .sign(state.isForged ? other.privateKey : published.privateKey)
  }
  const server = await listen(async (request, response) => {
    const path = request.url!.split('?')[0]!
    state.requests.push(path)
    if (state.handler) return state.handler(request, response)
    const send = (body: object): void => void response.setHeader('content-type', 'application/json').end(JSON.stringify(body))
    if (path === '/.well-known/openid-configuration')
      return send({
        issuer: server.origin,
        authorization_endpoint: `${server.origin}/authorize`,
        token_endpoint: `${server.origin}/token`,
        jwks_uri: `${server.origin}/jwks`,
        ...state.metadata,
      })
    if (path === '/jwks') return send({ keys: [jwk] })
    await bodyOf(request)
    return send({ access_token: 'of no use', token_type: 'Bearer', id_token: await idToken() })
  })
  return Object.assign(state, server, {
    nonceFrom(url: string) {
      nonce = new URL(url).searchParams.get('nonce')
    },
  })
}
