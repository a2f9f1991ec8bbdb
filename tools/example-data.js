/** Example data of a small organization, as weeks of use leave it, made through the API of a running application. */
import { once } from 'node:events'
import { createServer } from 'node:http'

import { bootstrapOrganization } from '../dist/commands/organization-create.js'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** Requests of each of the last 24 hours. */
const hourlyRequests = [3, 2, 2, 1, 1, 2, 5, 9, 14, 17, 16, 12, 13, 18, 19, 16, 15, 11, 8, 6, 5, 4, 4, 7]

const tools = ['search_issues', 'create_issue', 'add_comment', 'close_issue']

async function answerRpc(request, response) {
  const text = Buffer.concat(await Array.fromAsync(request)).toString()
  const { id, method } = text === '' ? {} : JSON.parse(text)
  const results = {
    initialize: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'tracker', version: '1.4.0' } },
    'tools/list': { tools: tools.map((name) => ({ name, inputSchema: { type: 'object' } })) },
  }
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ jsonrpc: '2.0', id, result: results[method] ?? {} }))
}

/** Starts an MCP server that lists the tools. */
export async function startExampleServer() {
  const server = createServer((request, response) => void answerRpc(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${server.address().port}/mcp`, close: () => server.close() }
}

/**
 * @param app an application on an empty database, whose clock `setAgo` sets to so many milliseconds before now
 * @param serverUrl MCP endpoint of `startExampleServer`
 * @returns {Promise<{ signInToken: string, paths: Record<string, string> }>} the paths of screens that need an id
 */
export async function addExampleData(app, serverUrl, setAgo) {
  const post = async (path, credential, body, headers = {}) => {
    const authorization = `Bearer ${credential}`
    const accept = 'application/json, text/event-stream'
    const init = { method: 'POST', headers: { 'content-type': 'application/json', accept, authorization, ...headers } }
    return (await fetch(`${app.url}${path}`, { ...init, body: JSON.stringify(body) })).json()
  }
  const query = async (credential, text, variables = {}, headers = {}) => {
    const { data, errors } = await post('/graphql', credential, { query: text, variables }, headers)
    if (errors) throw new Error(JSON.stringify(errors))
    return data
  }
  const mutate = async (credential, field, input, selection, headers) => {
    const type = `${field[0].toUpperCase()}${field.slice(1)}Input`
    const text = `mutation ($input: ${type}!) { ${field}(input: $input) { ${selection} userErrors { message } } }`
    const payload = (await query(credential, text, { input }, headers))[field]
    if (payload.userErrors.length > 0) throw new Error(`${field}: ${JSON.stringify(payload.userErrors)}`)
    return payload
  }
  const after = (ms) => new Date(Date.now() + ms).toISOString()

  setAgo(41 * dayMs)
  const { adminToken } = await bootstrapOrganization(app.services, { name: 'Acme', email: 'ada@example.com' })
  await mutate(adminToken, 'updateViewer', { name: 'Ada Lovelace' }, 'user { id }')
  const lasting = { type: 'FULL_ACCESS', description: 'Laptop', expiresAt: after(60 * dayMs) }
  const admin = (await mutate(adminToken, 'createPersonalToken', lasting, 'token')).token

  const makeKey = (label, environment, permissions, days) =>
    mutate(admin, 'createApiKey', { label, environment, permissions, expiresAt: after(days * dayMs) }, 'apiKey { id } secret')
  const billing = await makeKey('billing-service', 'PRODUCTION', ['api_key:verify', 'invoice:read'], 9)
  setAgo(20 * dayMs)
  await makeKey('data-warehouse', 'PRODUCTION', ['usage:read', 'audit_event:read'], 300)
  const agent = await makeKey('support-agent', 'SANDBOX', ['mcp_server:*', 'mcp_credential:*', 'mcp_tool:*'], 70)
  const leaver = await makeKey('contractor', 'SANDBOX', ['agent:read'], 30)
  await mutate(admin, 'revokeApiKey', { id: leaver.apiKey.id, reason: 'The contract ended.' }, 'apiKey { id }')

  setAgo(6 * dayMs)
  const register = (name, serverLabel, serverDescription) =>
    mutate(agent.secret, 'createMcpServer', { name, serverLabel, serverUrl, serverDescription, requireApproval: 'ALWAYS' }, 'server { id }')
  const { server } = await register('Issue tracker', 'tracker', 'Search, create and close issues.')
  const store = (name, auth, more = {}, headers = {}) =>
    mutate(agent.secret, 'createMcpCredential', { serverId: server.id, name, auth, ...more }, 'credential { id }', headers)
  const shared = await store('Service account', { bearerToken: 'example-9f2c41d07b' }, { expiresAt: after(120 * dayMs) })
  await mutate(admin, 'updateMcpServer', { id: server.id, sharedCredentialId: shared.credential.id }, 'server { id }')
  await mutate(admin, 'testMcpServer', { serverId: server.id }, 'test { connected }')
  await store('Old key', { headers: [{ name: 'X-Api-Key', value: 'example-expired' }] }, {}, { 'x-on-behalf-of': 'joe@customer.example' })
  await register('Mail', 'mail', 'Drafts answers to customers.')

  for (const [index, count] of hourlyRequests.entries()) {
    setAgo((hourlyRequests.length - index) * hourMs - hourMs / 2)
    for (let i = 0; i < count; i++) {
      const externalUserId = ['jane@customer.example', 'joe@customer.example', 'li@customer.example'][i % 3]
      const exchange = { externalUserId, audience: 'https://api.example.com' }
      if (i % 4 === 0) await mutate([billing, agent][i % 2].secret, 'exchangeApiKey', exchange, 'token')
      else if (i % 7 === 3) await query(billing.secret, '{ members { nodes { id } } }').catch(() => undefined)
      else await query([billing, agent, agent][i % 3].secret, '{ viewer { kind } }')
    }
  }
  await app.services.writeBehind.flush()

  setAgo(3 * hourMs)
  await mutate(admin, 'inviteMember', { email: 'grace@example.com', role: 'MEMBER' }, 'invitation { id }')
  const call = async (ago, externalUserId, name, args) => {
    setAgo(ago)
    const params = { name, arguments: args }
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params }
    return (await post(`/mcp/${server.id}`, agent.secret, body, { 'x-on-behalf-of': externalUserId })).error.data.approvalId
  }
  const joe = 'joe@customer.example'
  const denied = await call(4 * 60_000, joe, 'close_issue', { issue: 'ACME-17' })
  await mutate(admin, 'decideMcpToolCall', { id: denied, decision: 'DENY', reason: 'Ask me first' }, 'approval { id }')
  await call(3 * 60_000, 'jane@customer.example', 'add_comment', { issue: 'ACME-42', text: 'Any news?' })
  const pending = await call(90_000, 'jane@customer.example', 'create_issue', {
    project: 'ACME',
    title: 'Invoice 2041 was paid twice',
    labels: ['billing', 'urgent'],
    assignee: 'grace@example.com',
  })
  await app.services.writeBehind.flush()

  setAgo(0)
  const { members } = await query(admin, '{ members { nodes { id } } }')
  const { signInToken } = await mutate(admin, 'createSignInToken', { memberId: members.nodes[0].id }, 'signInToken')
  return {
    signInToken,
    paths: { key: `/keys/${billing.apiKey.id}`, server: `/servers/${server.id}`, approval: `/approvals/${pending}` },
  }
}
