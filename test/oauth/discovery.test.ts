/** OAuth metadata of foreign servers: where it is looked for, and what is refused. */
import { Readable } from 'node:stream'

import { expect, test } from '@jest/globals'

import { createOutbound } from '../../src/outbound/create-outbound.js'
import { OAuthClientError } from '../../src/outbound/oauth-client-error.js'
import { OAuthDiscovery } from '../../src/outbound/oauth-discovery.js'
import { OutboundError } from '../../src/outbound/outbound-error.js'
import type { Outbound } from '../../src/outbound/outbound.js'
import { covers } from '../../src/outbound/protected-resource-metadata.js'
import { defaultNow, TestClock } from '../support/app.js'

interface Answer {
  readonly status?: number
  readonly headers?: Record<string, string>
  readonly body?: object | string
}

const organizationId = 'org_1'
const rules = createOutbound({ allowed: [], lookups: { perOrganization: 1, total: 1 }, maxConnections: 1 })

/** Outbound client that answers from a table; every other URL is a 404. */
function outboundOf(answers: Readonly<Record<string, Answer | OutboundError>>): { outbound: Outbound; sent: string[] } {
  const sent: string[] = []
  const outbound: Outbound = {
    validateUrl: (url) => rules.validateUrl(url),
    close: () => Promise.resolve(),
    send(url, { credential, followRedirects }) {
      sent.push(url)
      expect({ credential, followRedirects }).toEqual({ credential: null, followRedirects: false })
      const answer = answers[url] ?? { status: 404 }
      if (answer instanceof OutboundError) return Promise.reject(answer)
      const { status = 200, headers = { 'content-type': 'application/json' }, body = '' } = answer
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      return Promise.resolve({ statusCode: status, headers, body: Readable.from([Buffer.from(text)]) })
    },
  }
  return { outbound, sent }
}

const metadata = (issuer: string, more: object = {}): object => ({
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  code_challenge_methods_supported: ['S256'],
  ...more,
})

const discover = (answers: Readonly<Record<string, Answer | OutboundError>>) => {
  const { outbound, sent } = outboundOf(answers)
  const clock = new TestClock(defaultNow)
  return { discovery: new OAuthDiscovery(outbound, clock.now), sent, clock }
}

const failure = async (promise: Promise<unknown>): Promise<string> => {
  const error: unknown = await promise.catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(OAuthClientError)
  return `${(error as OAuthClientError).code}: ${(error as OAuthClientError).message}`
}

const as = 'https://as.example/tenant'
const wellKnown = 'https://as.example/.well-known/oauth-authorization-server/tenant'

test('metadata of an issuer with a path is looked for at three places, in the order of MCP', async () => {
  const { discovery, sent } = discover({ [`${as}/.well-known/openid-configuration`]: { body: metadata(as) } })
  expect(await discovery.authorizationServer(organizationId, as)).toMatchObject({ issuer: as })
  expect(sent).toEqual([wellKnown, 'https://as.example/.well-known/openid-configuration/tenant', `${as}/.well-known/openid-configuration`])
})

test.each([
  ['another issuer', metadata('https://other.example'), 'names another issuer'],
  ['an issuer that differs in a slash', metadata(`${as}/`), 'names another issuer'],
  ['no PKCE', metadata(as, { code_challenge_methods_supported: undefined }), 'does not announce PKCE'],
  ['plain PKCE only', metadata(as, { code_challenge_methods_supported: ['plain'] }), 'does not announce PKCE'],
  ['script as authorization endpoint', metadata(as, { authorization_endpoint: 'javascript:alert(1)' }), '"authorization_endpoint"'],
  ['an http authorization endpoint', metadata(as, { authorization_endpoint: 'http://as.example/authorize' }), '"authorization_endpoint"'],
  ['a token endpoint at a link-local address', metadata(as, { token_endpoint: 'https://169.254.169.254/token' }), '"token_endpoint"'],
  ['a token endpoint at loopback', metadata(as, { token_endpoint: 'https://localhost/token' }), '"token_endpoint"'],
  ['no token endpoint', metadata(as, { token_endpoint: undefined }), '"token_endpoint"'],
  ['a user name in an endpoint', metadata(as, { authorization_endpoint: 'https://github.com@as.example/' }), '"authorization_endpoint"'],
  ['a control character in an endpoint', metadata(as, { token_endpoint: 'https://as.example/\ttoken' }), '"token_endpoint"'],
  ['an endpoint that is too long', metadata(as, { token_endpoint: `${as}/${'a'.repeat(2048)}` }), '"token_endpoint"'],
])('metadata with %s is refused', async (_name, body, text) => {
  const { discovery } = discover({ [wellKnown]: { body } })
  const message = await failure(discovery.authorizationServer(organizationId, as))
  expect(message).toMatch(/^METADATA_INVALID/)
  expect(message).toContain(text)
})

test('of the metadata, only what is used is kept: a large document takes no memory', async () => {
  const kept = {
    issuer: as,
    authorization_endpoint: `${as}/authorize`,
    token_endpoint: `${as}/token`,
    revocation_endpoint: `${as}/revoke`,
    authorization_response_iss_parameter_supported: true,
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'none'],
  }
  const more = {
    registration_endpoint: 'not a URL',
    client_id_metadata_document_supported: 'yes',
    token_endpoint_auth_methods_supported: ['none', 'client_secret_basic', 'x'.repeat(10_000)],
    more: Array.from({ length: 1000 }, () => ({})),
  }
  const { discovery } = discover({ [wellKnown]: { body: { ...metadata(as), ...kept, ...more } } })
  expect(await discovery.authorizationServer(organizationId, as)).toEqual(kept)
})

test('errors are not kept, documents for 5 minutes, and concurrent look-ups are one', async () => {
  const answers: Record<string, Answer | OutboundError> = { [wellKnown]: { status: 503 } }
  const { discovery, sent, clock } = discover(answers)
  expect(await failure(discovery.authorizationServer(organizationId, as))).toMatch(/^UNREACHABLE/)
  answers[wellKnown] = new OutboundError('URL_NOT_ALLOWED')
  expect(await failure(discovery.authorizationServer(organizationId, as))).toMatch(/^URL_NOT_ALLOWED/)
  answers[wellKnown] = { body: metadata(as) }
  await Promise.all([1, 2, 3].map(() => discovery.authorizationServer(organizationId, as)))
  expect(sent).toHaveLength(3)
  clock.advance(300_000)
  await discovery.authorizationServer(organizationId, as)
  expect(sent).toHaveLength(3)
  clock.advance(1)
  await discovery.authorizationServer(organizationId, as)
  expect(sent).toHaveLength(4)
  await discovery.authorizationServer('org_2', as)
  expect(sent).toHaveLength(5)
})

const server = 'https://mcp.example/v1/mcp'
const resourceDocument = (resource: string): Answer => ({ body: { resource, authorization_servers: [as], scopes_supported: ['a'] } })

test('the challenge names the document of a server, else it is at the path or the root', async () => {
  const challenged = discover({
    [server]: {
      status: 401,
      headers: { 'www-authenticate': 'Bearer realm="x", resource_metadata="https://mcp.example/meta", scope="read  write"' },
    },
    'https://mcp.example/meta': resourceDocument(server),
  })
  const found = { resource: server, issuers: [as], scopes: ['read', 'write'] }
  expect(await challenged.discovery.protectedResource(organizationId, server)).toEqual(found)
  const place = 'https://mcp.example/.well-known/oauth-protected-resource'
  const rooted = discover({ [place]: resourceDocument('https://mcp.example') })
  const root = { resource: 'https://mcp.example', issuers: [as], scopes: ['a'] }
  expect(await rooted.discovery.protectedResource(organizationId, server)).toEqual(root)
  expect(rooted.sent).toEqual([server, server, `${place}/v1/mcp`, place])
})

test.each([200, 404])('a server that answers %i to a first request without a credential is asked once more', async (status) => {
  const sent: string[] = []
  const challenge = { 'www-authenticate': 'Bearer resource_metadata="https://mcp.example/meta", scope="basic"' }
  const outbound: Outbound = {
    validateUrl: (url) => rules.validateUrl(url),
    close: () => Promise.resolve(),
    send(url, { body }) {
      const text = typeof body === 'string' ? body : ''
      const method = text === '' ? url : (JSON.parse(text) as { method: string }).method
      sent.push(method)
      const statusCode = method === 'tools/list' ? 401 : method === 'initialize' ? status : 200
      const document = JSON.stringify({ resource: server, authorization_servers: [as], scopes_supported: ['profile'] })
      const headers = statusCode === 401 ? challenge : { 'content-type': 'application/json' }
      return Promise.resolve({ statusCode, headers, body: Readable.from([Buffer.from(document)]) })
    },
  }
  const discovery = new OAuthDiscovery(outbound, new TestClock(defaultNow).now)
  const found = { resource: server, issuers: [as], scopes: ['basic'] }
  expect(await discovery.protectedResource(organizationId, server)).toEqual(found)
  expect(sent).toEqual(['initialize', 'tools/list', 'https://mcp.example/meta'])
  discovery.forgetProtectedResource(organizationId, server)
  await discovery.protectedResource(organizationId, server)
  expect(sent).toHaveLength(6)
})

test.each([
  ['a document of another origin', 'Bearer resource_metadata="https://attacker.example/meta"', {}, 'another origin'],
  ['a document by http', 'Bearer resource_metadata="http://mcp.example/meta"', {}, 'another origin'],
  ['a resource at another origin', undefined, resourceDocument('https://attacker.example/v1/mcp'), 'does not cover'],
  ['a sibling resource', undefined, resourceDocument('https://mcp.example/v1/mc'), 'does not cover'],
  ['no authorization server', undefined, { body: { resource: server, authorization_servers: [] } }, 'authorization_servers'],
  [
    'an authorization server that is no URL',
    undefined,
    { body: { resource: server, authorization_servers: ['file:///etc'] } },
    'authorization_servers',
  ],
  ['a resource with a control character', undefined, resourceDocument(`\u0000${server}`), 'does not cover'],
  ['a resource with a user name', undefined, resourceDocument('https://me@mcp.example/v1/mcp'), 'does not cover'],
  ...['\u0000', 'a\nb', '?a=b', '#a', 'é', 'a'.repeat(2048)].map(
    (end) =>
      [
        `an authorization server at …/${JSON.stringify(end).slice(0, 10)}`,
        undefined,
        { body: { resource: server, authorization_servers: [`https://as.example/${end}`] } },
        'authorization_servers',
      ] as const,
  ),
  [
    'an authorization server with a user name',
    undefined,
    { body: { resource: server, authorization_servers: ['https://github.com@as.example'] } },
    'authorization_servers',
  ],
])('a server that names %s is refused', async (_name, challenge, answer: Answer, text) => {
  const { discovery, sent } = discover({
    [server]: { status: 401, headers: challenge === undefined ? {} : { 'www-authenticate': challenge } },
    'https://mcp.example/.well-known/oauth-protected-resource/v1/mcp': answer,
  })
  expect(await failure(discovery.protectedResource(organizationId, server))).toContain(text)
  expect(sent.every((url) => url.startsWith('https://mcp.example/'))).toBe(true)
})

test('a server whose answer to anybody is too large to read is asked for its metadata', async () => {
  const { discovery, sent } = discover({
    [server]: { body: 'x'.repeat(65_537) },
    'https://mcp.example/.well-known/oauth-protected-resource/v1/mcp': resourceDocument(server),
  })
  expect(await discovery.protectedResource(organizationId, server)).toMatchObject({ resource: server, issuers: [as] })
  expect(sent).toHaveLength(3)
})

test('a challenge counts up to 4096 characters, since reading a longer one would hold up other tenants', async () => {
  const challenge = (length: number): Record<string, Answer> => {
    const text = 'Bearer resource_metadata="https://mcp.example/meta", scope="'
    return {
      [server]: { status: 401, headers: { 'www-authenticate': `${text.padEnd(length - 1, 'a')}"` } },
      'https://mcp.example/meta': resourceDocument(server),
    }
  }
  const within = discover(challenge(4096))
  expect((await within.discovery.protectedResource(organizationId, server)).issuers).toEqual([as])
  const beyond = discover(challenge(4097))
  expect((await beyond.discovery.protectedResource(organizationId, server)).issuers).toEqual(['https://mcp.example'])
})

test('a resource covers its own path and those below it', () => {
  expect(covers('https://mcp.example', server)).toBe(true)
  expect(covers('https://mcp.example/v1/', server)).toBe(true)
  expect(covers('https://mcp.example/v1/mcp/more', server)).toBe(false)
  expect(covers('https://mcp.example:8443/v1', server)).toBe(false)
  expect(covers('https://mcp.example/v1#x', server)).toBe(false)
})
