/** A client that can open URLs for its user is asked to, when a call needs an account that the end user has not connected. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { Client as StatelessClient, StreamableHTTPClientTransport as StatelessTransport } from '@modelcontextprotocol/client'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { UrlElicitationRequiredError } from '@modelcontextprotocol/sdk/types.js'

import { bodyOf } from '../support/local-server.js'
import { ConnectionWorld } from '../support/oauth-connections.js'
import { waitFor } from '../support/wait-for.js'

const connectUrl = expect.stringMatching(/^http:\/\/localhost:4000\/oauth\/connect\/mcp_con_/)
const info = { name: 'a-client', version: '1' }
const urlCapability = { elicitation: { url: {} } }

let world: ConnectionWorld
/** Every test has its own. */
let user = ''
let users = 0
const open: { close(): Promise<void> }[] = []
beforeAll(async () => {
  const times = { connectionWaitMs: 1000, connectionPollMs: 20 }
  world = await ConnectionWorld.start({ times }, { KEYHOUSE_LIMIT_STREAMS_PER_END_USER: '4', KEYHOUSE_LIMIT_CALLS_PER_KEY: '4' })
})
afterEach(() => Promise.all(open.splice(0).map((client) => client.close())))
afterAll(() => world.close())
beforeEach(() => {
  user = `user-${++users}`
  // Of ten refusals within a minute each has an audit event.
  world.app.clock.advance(60_000)
  world.upstream.intercept = () => false
  world.upstream.interceptResource = () => false
})

/** The MCP server has sessions. */
const withSessions = (): void => {
  world.upstream.interceptResource = (_request, response) => {
    response.setHeader('mcp-session-id', 'upstream-session')
    return false
  }
}

const transportOptions = (): { requestInit: { headers: Record<string, string> } } => ({
  requestInit: { headers: { authorization: `Bearer ${world.agent.secret}`, 'x-on-behalf-of': user } },
})
const gatewayUrl = (): URL => new URL(`${world.app.url}/mcp/${world.serverId}`)

/** The user opens the link in its browser, and agrees. */
const openLink = async (link: unknown): Promise<void> => {
  const { response } = await (await world.browser(user)).open(String(link))
  expect(await response!.text()).toContain('Notes is connected')
}
const revoke = async (): Promise<void> => {
  const { id } = await world.credential()
  await world.app.mutate(world.acme.sandboxKey, 'revokeMcpCredential', { id }, 'credential { id }', { 'x-on-behalf-of': user })
}
const outcomes = async (): Promise<unknown[]> =>
  (await world.acme.events('mcp_tool:call'))
    .filter(({ details }) => details['tool'] === 'whoami')
    .map(({ outcome, details }) => [outcome, details['code'] ?? details['outcome']])

describe('a client of 2025-11-25', () => {
  const connect = async (capabilities: object): Promise<Client> => {
    const client = new Client(info, { capabilities })
    open.push(client)
    await client.connect(new StreamableHTTPClientTransport(gatewayUrl(), transportOptions()))
    return client
  }
  const statusWith = async (sessionId: string): Promise<number> => {
    const headers = { ...transportOptions().requestInit.headers, 'content-type': 'application/json', 'mcp-session-id': sessionId }
    return (await fetch(gatewayUrl(), { method: 'POST', headers, body: '{"jsonrpc":"2.0","id":1,"method":"ping"}' })).status
  }
  const call = (client: Client): Promise<unknown> => client.callTool({ name: 'whoami', arguments: {} })
  const refusal = async (refused: Promise<unknown>): Promise<UrlElicitationRequiredError> => {
    const error: unknown = await refused.catch((caught: unknown) => caught)
    if (!(error instanceof UrlElicitationRequiredError)) throw error
    return error
  }

  test('gets the link as the typed error of its SDK, and is connected afterwards', async () => {
    const { elicitations } = await refusal(connect(urlCapability))
    const message = expect.stringContaining('Connect your account')
    expect(elicitations).toEqual([{ mode: 'url', elicitationId: expect.stringMatching(/^mcp_con_/), url: connectUrl, message }])
    await openLink(elicitations[0]!.url)
    expect(await call(await connect(urlCapability))).toMatchObject({ content: [{ text: 'jane-upstream' }] })
  })

  test('is known by its session id to open URLs, also when the credential of the session is gone', async () => {
    withSessions()
    await world.connect(user)
    const client = await connect(urlCapability)
    await call(client)
    expect(await statusWith(client.transport!.sessionId!.replace(/\.url$/, ''))).toBe(404)
    const before = (await outcomes()).length
    await revoke()
    const { elicitations } = await refusal(call(client))
    expect(elicitations).toMatchObject([{ url: connectUrl }])
    expect((await outcomes()).slice(before)).toEqual([['DENIED', 'INVALID_STATE']])
    await openLink(elicitations[0]!.url)
    expect(await call(await connect(urlCapability))).toMatchObject({ content: [{ text: 'jane-upstream' }] })
  })

  test.each([
    ['no elicitation', {}],
    ['elicitation of unnamed mode, which is form', { elicitation: {} }],
    ['elicitation by form', { elicitation: { form: {} } }],
  ])('that declares %s gets the link in the data of the error', async (_declared, capabilities) => {
    withSessions()
    const plain = { code: 1004, data: { reason: 'NO_CREDENTIAL', connectUrl } }
    await expect(connect(capabilities)).rejects.toMatchObject(plain)
    await world.connect(user)
    const client = await connect(capabilities)
    await revoke()
    await expect(call(client)).rejects.toMatchObject(plain)
  })

  test('gets the link in the data of the error where the MCP server has no sessions', async () => {
    await world.connect(user)
    const client = await connect(urlCapability)
    await revoke()
    await expect(call(client)).rejects.toMatchObject({ code: 1004, data: { reason: 'NO_CREDENTIAL', connectUrl } })
  })
})

describe('a client of 2026-07-28', () => {
  const connect = async (answer: (url: string) => unknown): Promise<StatelessClient> => {
    const client = new StatelessClient(info, { capabilities: urlCapability, versionNegotiation: { mode: 'auto' } })
    open.push(client)
    client.setRequestHandler('elicitation/create', async ({ params }) => ({
      action: (await answer(String(Reflect.get(params, 'url')))) as 'accept',
    }))
    await client.connect(new StatelessTransport(gatewayUrl(), transportOptions()))
    expect(client.getNegotiatedProtocolVersion()).toBe('2026-07-28')
    return client
  }
  const call = (client: StatelessClient): Promise<unknown> => client.callTool({ name: 'whoami', arguments: {} })

  test('opens the link by its handler, and its call succeeds', async () => {
    await world.connect(user)
    const asked: string[] = []
    const client = await connect(async (url) => {
      asked.push(url)
      await openLink(url)
      return 'accept'
    })
    await revoke()
    const before = (await outcomes()).length
    expect(await call(client)).toMatchObject({ content: [{ text: 'jane-upstream' }] })
    expect(asked).toEqual([connectUrl])
    expect((await outcomes()).slice(before)).toEqual([
      ['DENIED', 'INVALID_STATE'],
      ['ALLOWED', 'OK'],
    ])
  })

  test('answers at once that its user opens the link, and its call waits until the account is connected', async () => {
    await world.connect(user)
    let opened: Promise<void> | undefined
    const client = await connect((url) => {
      opened ??= openLink(url)
      return 'accept'
    })
    await revoke()
    expect(await call(client)).toMatchObject({ content: [{ text: 'jane-upstream' }] })
    await opened
  })

  test('whose account lacks a scope waits until it is connected with the scope', async () => {
    await world.connect(user)
    const received: unknown[] = []
    world.upstream.interceptResource = ({ headers }, response) => {
      if (headers['mcp-method'] !== 'tools/call') return false
      received.push(headers.authorization)
      if (headers.authorization !== received[0]) return false
      response.writeHead(403, { 'www-authenticate': 'Bearer error="insufficient_scope", scope="write read"' }).end()
      return true
    }
    let opened: Promise<void> | undefined
    const client = await connect((url) => {
      opened ??= openLink(url)
      return 'accept'
    })
    expect(await call(client)).toMatchObject({ content: [{ text: 'jane-upstream' }] })
    await opened
    expect([received.length, (await world.credential()).neededScopes]).toEqual([2, null])
  })

  test.each(['decline', 'cancel'])('whose user answers "%s" gets the error with the link', async (action) => {
    await world.connect(user)
    const client = await connect(() => action)
    await revoke()
    await expect(call(client)).rejects.toMatchObject({ code: 1004, data: { reason: 'NO_CREDENTIAL', connectUrl } })
  })

  test('without an account finds the link in the typed error of its SDK, since it can ask for no input before', async () => {
    const refused = connect(() => 'accept')
    await expect(refused).rejects.toMatchObject({ code: -32_042, data: { elicitations: [{ url: connectUrl }] } })
  })
})

describe('a message of 2026-07-28', () => {
  const declared = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': urlCapability }
  interface Answer {
    readonly result?: { readonly requestState: string; readonly inputRequests: object; readonly content: unknown }
    readonly error?: { readonly code: number; readonly data: object }
  }
  interface PostOptions {
    readonly method?: string
    readonly by?: string
    readonly serverId?: string
    readonly secret?: string
    readonly signal?: AbortSignal
    readonly at?: string
  }
  const post = (params: object, options: PostOptions): Promise<Response> => {
    const { method = 'tools/call', by = user, serverId = world.serverId, secret = world.agent.secret, at = world.app.url, signal } = options
    return fetch(`${at}/mcp/${serverId}`, {
      method: 'POST',
      signal: signal ?? null,
      headers: {
        authorization: `Bearer ${secret}`,
        'x-on-behalf-of': by,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': method,
        ...(method === 'tools/call' ? { 'mcp-name': 'whoami' } : {}),
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { _meta: declared, ...params } }),
    })
  }
  const send = async (params: object, options: PostOptions = {}): Promise<Answer> => {
    const response = await post(params, options)
    expect(response.status).toBe(200)
    return (await response.json()) as Answer
  }
  const whoami = { name: 'whoami', arguments: { of: 'me', at: 1.5 } }
  const accepted = { keyhouse_connect: { action: 'accept' } }
  const asksForInput = { result: { resultType: 'input_required', requestState: expect.any(String) } }
  const invalidState = { error: { code: -32_602, data: { reason: 'INVALID_REQUEST_STATE' } } }
  /** State of a refused call. */
  const stateOf = async (params: object): Promise<string> => (await send(params)).result!.requestState

  test('asks for input in the form of the specification, with nothing of the end user in the URL', async () => {
    expect(await send(whoami)).toEqual({
      jsonrpc: '2.0',
      id: 1,
      result: {
        resultType: 'input_required',
        inputRequests: {
          keyhouse_connect: {
            method: 'elicitation/create',
            params: { mode: 'url', url: connectUrl, message: expect.stringContaining('Connect your account') },
          },
        },
        requestState: expect.any(String),
      },
    })
  })

  test('that was accepted asks again until the account is connected, and without an answer too', async () => {
    const requestState = await stateOf(whoami)
    expect(await send({ ...whoami, requestState, inputResponses: accepted })).toMatchObject(asksForInput)
    expect(await send({ ...whoami, requestState })).toMatchObject(asksForInput)
    await world.connect(user)
    const answered = await send({ ...whoami, requestState, inputResponses: { keyhouse_connect: { action: 'decline' } } })
    expect(answered.result?.content).toEqual([{ type: 'text', text: 'jane-upstream' }])
  })

  test('that waits for the account is not forwarded when its key was revoked meanwhile', async () => {
    const key = await world.acme.apiKey({ permissions: ['mcp_server:use', 'mcp_tool:*'] })
    const requestState = await stateOf(whoami)
    const waiting = post({ ...whoami, requestState, inputResponses: accepted }, { secret: key.secret })
    await waitFor(() => world.app.services.outboundConcurrency.size > 0)
    await world.app.mutate(world.acme.sandboxKey, 'revokeApiKey', { id: key.id }, 'apiKey { id }')
    await world.connect(user)
    const refused = await waiting
    expect([refused.status, await refused.text()]).toEqual([403, expect.stringContaining('CREDENTIAL_REVOKED')])
  })

  test('that waits for the account takes no call from others, and is one of four of its end user', async () => {
    // Calls whose client left still end one after another: with the key of other tests they would take their calls.
    const { secret } = await world.acme.apiKey({ permissions: ['mcp_server:use', 'mcp_tool:*'] })
    const waiter = user
    const requestState = await stateOf(whoami)
    const client = new AbortController()
    const accept = (): Promise<Response> =>
      post({ ...whoami, requestState, inputResponses: accepted }, { by: waiter, secret, signal: client.signal })
    const calls = Array.from({ length: 5 }, accept)
    const refused = await Promise.race(calls)
    expect([refused.status, await refused.text()]).toEqual([
      429,
      expect.stringContaining('At most 4 MCP calls that wait for an account of one end user'),
    ])
    await world.connect('somebody-else')
    expect((await send(whoami, { by: 'somebody-else', secret })).result?.content).toEqual([{ type: 'text', text: 'jane-upstream' }])
    client.abort()
    await Promise.allSettled(calls)
  })

  test('that waits for the account ends with its client', async () => {
    const requestState = await stateOf(whoami)
    const client = new AbortController()
    const waiting = post({ ...whoami, requestState, inputResponses: accepted }, { signal: client.signal })
    const { outboundConcurrency } = world.app.services
    await waitFor(() => outboundConcurrency.size > 0)
    client.abort()
    await expect(waiting).rejects.toThrow('aborted')
    await waitFor(() => outboundConcurrency.size === 0)
  })

  test('that waits for the account is answered when its process drains, without the account', async () => {
    const requestState = await stateOf(whoami)
    const replica = await world.replica()
    const waiting = send({ ...whoami, requestState, inputResponses: accepted }, { at: replica.url })
    await waitFor(() => replica.services.outboundConcurrency.size > 0)
    await replica.close()
    expect(await waiting).toMatchObject(asksForInput)
  })

  test.each([
    ['another method that may ask', 'resources/read', { uri: 'file:///a' }, asksForInput],
    ['a method that may not ask', 'tools/list', {}, { error: { code: 1004, data: { reason: 'NO_CREDENTIAL', connectUrl } } }],
    [
      'a client that opens no URLs',
      'tools/call',
      { ...whoami, _meta: { 'io.modelcontextprotocol/clientCapabilities': {} } },
      { error: { code: 1004 } },
    ],
  ])('of %s', async (_of, method, params, expected) => {
    expect(await send(params, { method })).toMatchObject(expected)
  })

  describe('with the state of an elicitation of the gateway', () => {
    let requestState = ''
    beforeEach(async () => {
      requestState = await stateOf(whoami)
    })

    test('that is not its own is refused, whether the account is connected or not', async () => {
      await world.connect(user)
      const forged = [
        requestState.slice(0, -1),
        `${requestState}0`,
        requestState.replace(/\.\d+\./, '.9.'),
        `${requestState.split('.')[0]}.`,
      ]
      for (const state of forged) expect(await send({ ...whoami, requestState: state })).toMatchObject(invalidState)
      const other = { name: 'whoami', arguments: { of: 'you' } }
      expect(await send({ ...other, requestState })).toMatchObject(invalidState)
      expect(await send({ uri: 'file:///a', requestState }, { method: 'resources/read' })).toMatchObject(invalidState)
      expect(await send({ ...whoami, requestState }, { by: 'somebody-else' })).toMatchObject(invalidState)
      const serverId = await world.server(world.upstream.serverUrl)
      expect(await send({ ...whoami, requestState }, { serverId })).toMatchObject(invalidState)
    })

    test('is taken for an hour, and not at its last millisecond', async () => {
      world.app.clock.advance(3_599_999)
      expect(await send({ ...whoami, requestState })).toMatchObject(asksForInput)
      world.app.clock.advance(1)
      expect(await send({ ...whoami, requestState })).toMatchObject(invalidState)
    })
  })

  test('reaches the MCP server without the state and answer of the gateway, and with its own ones', async () => {
    const requestState = await stateOf(whoami)
    await world.connect(user)
    const received: unknown[] = []
    world.upstream.interceptResource = async (request, response) => {
      received.push(JSON.parse(await bodyOf(request)).params)
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"jsonrpc":"2.0","id":1,"result":{}}')
      return true
    }
    const own = { ...whoami, requestState: 'of the MCP server', inputResponses: { name: { action: 'accept', content: { name: 'x' } } } }
    await send({ ...whoami, requestState, inputResponses: accepted })
    await send(own)
    expect(received).toEqual([
      { _meta: declared, ...whoami },
      { _meta: declared, ...own },
    ])
  })

  test('waits for the same approval with and without the state of the gateway', async () => {
    const serverId = await world.server(world.upstream.serverUrl, { requireApproval: 'ALWAYS' })
    const { result } = await send(whoami, { serverId })
    await world.connect(user, serverId)
    const retried = await send({ ...whoami, requestState: result!.requestState, inputResponses: accepted }, { serverId })
    expect(retried.error).toMatchObject({ code: 1002 })
    expect((await send(whoami, { serverId })).error).toEqual(retried.error)
  })

  test('asks for the account again when its tokens are no longer renewed', async () => {
    await world.connect(user)
    world.app.clock.advance(3_600_000)
    world.upstream.intercept = ({ url }, response) => {
      if (url !== '/token') return false
      response.writeHead(400, { 'content-type': 'application/json' }).end('{"error":"invalid_grant"}')
      return true
    }
    expect(await send(whoami)).toMatchObject(asksForInput)
    expect(await send(whoami)).toMatchObject(asksForInput)
    expect(await world.credential()).toMatchObject({ healthStatus: 'RECONNECT_REQUIRED' })
  })

  test('that lacks a scope asks for the account with the missing scope', async () => {
    await world.connect(user)
    world.upstream.interceptResource = ({ headers }, response) => {
      if (!headers.authorization) return false
      response.writeHead(403, { 'www-authenticate': 'Bearer error="insufficient_scope", scope="write read"' }).end()
      return true
    }
    expect(await send(whoami)).toMatchObject(asksForInput)
  })
})
