/** Libraries that nobody here wrote judge the metadata, the tokens and the responses of the standard endpoints. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import {
  Client as NewClient,
  ClientCredentialsProvider as NewProvider,
  StreamableHTTPClientTransport as NewTransport,
} from '@modelcontextprotocol/client'
import { ClientCredentialsProvider as OldProvider } from '@modelcontextprotocol/sdk/client/auth-extensions.js'
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { decodeJwt } from 'jose'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'

import { Gateway, rpcResult, sendJson, type AnswerHandler, type RpcBody } from '../support/gateway.js'
import { freePort } from '../support/local-server.js'
import { accessTokenType, externalUserIdType, IssuerClient, tokenExchange } from '../support/oauth-endpoints.js'
import type { SeededKey } from '../support/seed.js'
import { audience } from '../support/tokens.js'

// oxlint-disable-next-line no-deprecated -- loopback has no TLS, and the library marks the option to stand out
const insecure = { [oauth.allowInsecureRequests]: true }

let gateway: Gateway
let key: SeededKey
let issuer: string
let resource: string
beforeAll(async () => {
  const port = await freePort()
  gateway = await Gateway.start({}, { PORT: port, KEYHOUSE_URL: `http://127.0.0.1:${port}` })
  // The libraries look at the real clock.
  gateway.app.clock.at = new Date()
  key = await gateway.agent(['echo'], ['agent:read', 'access_token:introspect'])
  issuer = new IssuerClient(gateway.app, gateway.acme).issuer
  resource = `${gateway.app.config.url}/mcp/${await gateway.server()}`
})
afterAll(() => gateway.close())

describe('oauth4webapi', () => {
  const authenticate = (): oauth.ClientAuth => oauth.ClientSecretBasic(key.secret)
  const client = (): oauth.Client => ({ client_id: key.id })
  const discover = async (algorithm: 'oauth2' | 'oidc' = 'oauth2'): Promise<oauth.AuthorizationServer> =>
    oauth.processDiscoveryResponse(new URL(issuer), await oauth.discoveryRequest(new URL(issuer), { algorithm, ...insecure }))
  const validate = async (token: string, target: string): Promise<oauth.JWTAccessTokenClaims> => {
    const request = new Request(target, { headers: { authorization: `Bearer ${token}` } })
    return oauth.validateJwtAccessToken(await discover(), request, target, insecure)
  }

  test.each(['oauth2', 'oidc'] as const)('finds the endpoints by %s discovery', async (algorithm) => {
    expect(await discover(algorithm)).toMatchObject({
      issuer,
      token_endpoint: `${issuer}/oauth/token`,
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
      client_id_metadata_document_supported: true,
    })
  })

  test('finds the issuer from the resource', async () => {
    const response = await oauth.resourceDiscoveryRequest(new URL(resource), insecure)
    expect(await oauth.processResourceDiscoveryResponse(new URL(resource), response)).toMatchObject({
      resource,
      authorization_servers: [issuer],
    })
  })

  test('takes the tokens of client credentials, by either way to authenticate', async () => {
    for (const auth of [authenticate(), oauth.ClientSecretPost(key.secret)]) {
      const server = await discover()
      const response = await oauth.clientCredentialsGrantRequest(server, client(), auth, { resource }, insecure)
      const { access_token: token } = await oauth.processClientCredentialsResponse(server, client(), response)
      expect(await validate(token, resource)).toMatchObject({ sub: key.id, client_id: key.id })
    }
  })

  test('takes the tokens of an exchange, and of one that is narrowed', async () => {
    const server = await discover()
    const request = async (parameters: Record<string, string>): Promise<oauth.TokenEndpointResponse> =>
      oauth.processGenericTokenEndpointResponse(
        server,
        client(),
        await oauth.genericTokenEndpointRequest(server, client(), authenticate(), tokenExchange, { audience, ...parameters }, insecure),
      )
    const first = await request({ subject_token: 'jane', subject_token_type: externalUserIdType })
    expect(await validate(first.access_token, audience)).toMatchObject({ sub: 'jane', client_id: key.id })
    const second = await request({ subject_token: first.access_token, subject_token_type: accessTokenType, scope: 'agent:read' })
    expect(second).toMatchObject({ token_type: 'bearer', scope: 'agent:read', issued_token_type: accessTokenType })
    expect(await validate(second.access_token, audience)).toMatchObject({ sub: 'jane', scope: 'agent:read' })
    await expect(request({ subject_token: 'jane', subject_token_type: externalUserIdType, scope: 'member:invite' })).rejects.toMatchObject({
      error: 'invalid_scope',
      status: 400,
    })
  })

  test('takes the responses of introspection and revocation', async () => {
    const server = await discover()
    const { body } = await new IssuerClient(gateway.app, gateway.acme).exchange(key, 'jane')
    const introspect = async (): Promise<oauth.IntrospectionResponse> =>
      oauth.processIntrospectionResponse(
        server,
        client(),
        await oauth.introspectionRequest(server, client(), authenticate(), body.access_token, insecure),
      )
    expect(await introspect()).toMatchObject({ active: true, iss: issuer, sub: 'jane', aud: audience, client_id: key.id })
    await oauth.processRevocationResponse(await oauth.revocationRequest(server, client(), authenticate(), body.access_token, insecure))
    expect(await introspect()).toEqual({ active: false })
  })
})

test('openid-client goes from the issuer alone to tokens, introspection and revocation', async () => {
  const config = await openid.discovery(new URL(issuer), key.id, key.secret, openid.ClientSecretBasic(key.secret), {
    algorithm: 'oauth2',
    // oxlint-disable-next-line no-deprecated -- loopback has no TLS, and the library marks the option to stand out
    execute: [openid.allowInsecureRequests],
  })
  const machine = await openid.clientCredentialsGrant(config, { resource, scope: 'mcp_server:use mcp_tool:*' })
  expect(machine).toMatchObject({ token_type: 'bearer', scope: 'mcp_server:use mcp_tool:echo', expires_in: 3600 })
  const subject = await openid.genericGrantRequest(config, tokenExchange, {
    subject_token: 'jane',
    subject_token_type: externalUserIdType,
    actor_token: machine.access_token,
    actor_token_type: accessTokenType,
    audience,
  })
  expect(decodeJwt(subject.access_token)).toMatchObject({ sub: 'jane', act: { sub: key.id } })
  expect(await openid.tokenIntrospection(config, subject.access_token)).toMatchObject({ active: true, sub: 'jane', act: { sub: key.id } })
  await openid.tokenRevocation(config, subject.access_token)
  expect(await openid.tokenIntrospection(config, subject.access_token)).toEqual({ active: false })
})

/** A minimal MCP server with two tools. */
const answerAsServer: AnswerHandler = ({ request, response, body }) => {
  const { id, method } = (body ?? {}) as Partial<RpcBody>
  if (id === undefined) {
    response.writeHead(request.method === 'POST' ? 202 : 405).end()
    return
  }
  const result =
    method === 'initialize'
      ? { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'double', version: '1' } }
      : { tools: ['echo', 'other'].map((name) => ({ name, inputSchema: { type: 'object' } })) }
  sendJson(response, rpcResult(id, result))
}

describe('a machine with an API key and the URL of a server alone', () => {
  const providers = {
    sdk: (): OldTransport =>
      new OldTransport(new URL(resource), {
        authProvider: new OldProvider({ clientId: key.id, clientSecret: key.secret, expectedIssuer: issuer }),
      }),
    client: (): NewTransport =>
      new NewTransport(new URL(resource), {
        authProvider: new NewProvider({ clientId: key.id, clientSecret: key.secret, expectedIssuer: issuer }),
      }),
  }
  const list = {
    async sdk(): Promise<string[]> {
      const client = new OldClient({ name: 'machine', version: '1' })
      await client.connect(providers.sdk())
      const { tools } = await client.listTools()
      await client.close()
      return tools.map(({ name }) => name)
    },
    async client(): Promise<string[]> {
      const client = new NewClient({ name: 'machine', version: '1' })
      await client.connect(providers.client())
      const { tools } = await client.listTools()
      await client.close()
      return tools.map(({ name }) => name)
    },
  }

  test.each(['sdk', 'client'] as const)('lists its tools, by the client of @modelcontextprotocol/%s', async (generation) => {
    await gateway.credential(new URL(resource).pathname.slice('/mcp/'.length), { bearerToken: 'backend-secret' })
    gateway.upstream.answer = answerAsServer
    expect(await list[generation]()).toEqual(['echo'])
  })
})
