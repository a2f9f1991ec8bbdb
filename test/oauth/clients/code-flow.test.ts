/** Strict libraries judge the authorization code flow, from the registration to the revocation. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'

import { ClientWorld } from '../../support/oauth-clients.js'

// oxlint-disable-next-line no-deprecated -- loopback has no TLS, and the library marks the option to stand out
const insecure = { [oauth.allowInsecureRequests]: true }

let world: ClientWorld
let redirectUri: string
beforeAll(async () => {
  world = await ClientWorld.start()
  redirectUri = `${world.callback.origin}/callback`
})
afterAll(() => world.close())

test('oauth4webapi registers, takes code and tokens, refreshes, introspects and revokes', async () => {
  const issuer = new URL(world.issuer)
  const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure }))
  const registration = await oauth.dynamicClientRegistrationRequest(server, { redirect_uris: [redirectUri] }, insecure)
  const client = await oauth.processDynamicClientRegistrationResponse(registration)
  const verifier = oauth.generateRandomCodeVerifier()
  const url = new URL(server.authorization_endpoint!)
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: client.client_id,
    redirect_uri: redirectUri,
    resource: world.url,
    scope: 'mcp_server:use mcp_tool:echo',
    state: 'a state',
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  }).toString()
  const landed = new URL((await world.authorize(url.href)).url)
  const parameters = oauth.validateAuthResponse(server, client, landed, 'a state')
  const none = oauth.None()
  const options = { additionalParameters: { resource: world.url }, ...insecure }
  const response = await oauth.authorizationCodeGrantRequest(server, client, none, parameters, redirectUri, verifier, options)
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, response)
  expect(tokens).toMatchObject({ token_type: 'bearer', expires_in: 3600, scope: 'mcp_server:use mcp_tool:echo' })

  const validate = (token: string): Promise<oauth.JWTAccessTokenClaims> => {
    const request = new Request(world.url, { headers: { authorization: `Bearer ${token}` } })
    return oauth.validateJwtAccessToken(server, request, world.url, insecure)
  }
  expect(await validate(tokens.access_token)).toMatchObject({ sub: 'user-1', client_id: client.client_id, aud: world.url })

  const refreshed = await oauth.processRefreshTokenResponse(
    server,
    client,
    await oauth.refreshTokenGrantRequest(server, client, none, tokens.refresh_token!, options),
  )
  expect(await validate(refreshed.access_token)).toMatchObject({ sub: 'user-1' })
  expect(refreshed.refresh_token).not.toBe(tokens.refresh_token)

  const machine: oauth.Client = { client_id: world.key.id }
  const introspect = async (): Promise<oauth.IntrospectionResponse> =>
    oauth.processIntrospectionResponse(
      server,
      machine,
      await oauth.introspectionRequest(server, machine, oauth.ClientSecretBasic(world.key.secret), refreshed.access_token, insecure),
    )
  expect(await introspect()).toMatchObject({ active: true, client_id: client.client_id, sub: 'user-1' })
  const revocation = await oauth.revocationRequest(server, client, none, refreshed.refresh_token!, insecure)
  await oauth.processRevocationResponse(revocation)
  expect(await introspect()).toEqual({ active: false })
})

test('openid-client goes from the issuer alone to a code, tokens, a refresh and a revocation', async () => {
  // oxlint-disable-next-line no-deprecated -- loopback has no TLS, and the library marks the option to stand out
  const options = { algorithm: 'oauth2' as const, execute: [openid.allowInsecureRequests] }
  const metadata = { redirect_uris: [redirectUri], token_endpoint_auth_method: 'none' }
  const config = await openid.dynamicClientRegistration(new URL(world.issuer), metadata, openid.None(), options)
  const verifier = openid.randomPKCECodeVerifier()
  const url = openid.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    resource: world.url,
    state: 'a state',
    code_challenge: await openid.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  })
  const landed = new URL((await world.authorize(url.href)).url)
  const checks = { pkceCodeVerifier: verifier, expectedState: 'a state' }
  const tokens = await openid.authorizationCodeGrant(config, landed, checks, { resource: world.url })
  expect(tokens.scope).toBe('mcp_server:use mcp_tool:*')
  const refreshed = await openid.refreshTokenGrant(config, tokens.refresh_token!, { resource: world.url })
  await openid.tokenRevocation(config, refreshed.refresh_token!)
  await expect(openid.refreshTokenGrant(config, refreshed.refresh_token!)).rejects.toMatchObject({ error: 'invalid_grant', status: 400 })
})
