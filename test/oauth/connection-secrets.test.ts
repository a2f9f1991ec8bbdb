/** Secrets of connected accounts: in no response, log line, metric, trace, event or database file. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from '@jest/globals'

import { collector } from '../support/collector.js'
import { executeSql } from '../support/database-access.js'
import { isPostgres } from '../support/database.js'
import { ConnectionWorld, publicOrigin } from '../support/oauth-connections.js'
import type { Interceptor } from '../support/oauth-upstream.js'
import { waitFor } from '../support/wait-for.js'

const tables = ['mcp_credential', 'mcp_connection', 'mcp_oauth_client', 'audit_event', 'idempotency_key']

/** An MCP server that refuses the first token, and then answers with all that it has seen. */
function echo(): Interceptor {
  const seen: string[] = []
  return ({ headers }, response) => {
    if (!headers.authorization) return false
    seen.push(headers.authorization)
    if (seen.length === 1) {
      response.writeHead(401).end()
      return true
    }
    const result = { content: [{ type: 'text', text: `seen ${seen.join(' and ')}` }] }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id: 1, result }))
    return true
  }
}

/** All that the database holds, as text. */
async function everything(world: ConnectionWorld): Promise<string> {
  const { app } = world
  if (!isPostgres)
    return readdirSync(app.config.dataDir)
      .map((name) => readFileSync(join(app.config.dataDir, name), 'latin1'))
      .join('\n')
  const rows = await Promise.all(tables.map((table) => executeSql(app, `select t::text as row from ${table} t`)))
  return JSON.stringify(rows)
}

test('tokens, codes, verifiers and client secrets appear in no response, log line, metric, trace, event or database file', async () => {
  const collected = await collector()
  const world = await ConnectionWorld.start({}, { OTEL_EXPORTER_OTLP_ENDPOINT: collected.origin, OTEL_BSP_SCHEDULE_DELAY: '10' })
  try {
    const { app, acme, upstream } = world
    const clientSecret = 'canary-client-secret-0001'
    const said: string[] = []
    const create = `mutation ($input: CreateMcpOAuthClientInput!) {
      createMcpOAuthClient(input: $input) { client { id clientId redirectUri } userErrors { code message path } } }`
    for (const secret of [clientSecret, `${clientSecret}\n`, { text: clientSecret }]) {
      const input = { issuer: 'https://as.example', clientId: 'c', clientSecret: secret }
      said.push((await app.run(acme.sandboxKey, create, { input })).text)
    }
    const verifiers: string[] = []
    upstream.provider.on('grant.success', ({ oidc }) => {
      const verifier = oidc.params?.['code_verifier']
      if (typeof verifier === 'string') verifiers.push(verifier)
    })
    const browser = await world.browser('jane')
    const { response } = await browser.open(await world.link('jane'))
    said.push(await response!.text())
    app.clock.advance(3_600_000)
    said.push(JSON.stringify(await world.call('jane')))
    upstream.intercept = (request, answer) => {
      if (request.url !== '/token') return false
      // A token in an error, which the library quotes.
      answer.writeHead(400, { 'content-type': 'application/json' })
      answer.end(JSON.stringify({ error: 'invalid_request', error_description: [...upstream.tokens].join(' ') }))
      return true
    }
    app.clock.advance(3_600_000)
    said.push(JSON.stringify(await world.call('jane')))
    upstream.intercept = () => false
    app.clock.advance(15_000)
    upstream.interceptResource = echo()
    said.push(JSON.stringify(await world.call('jane')))
    // Both the token that was refused and the one that took its place.
    expect(said.at(-1)).toBe('"seen [removed by Keyhouse] and [removed by Keyhouse]"')
    await app.services.writeBehind.flush()
    await waitFor(() => collected.spans.some(({ attributes }) => attributes['http.request.method'] === 'POST'))
    said.push(collected.requests.map(({ body }) => body.toString('latin1')).join('\n'))
    const fields = 'nodes { id authType authorizationPreview headerNames oauthScopes accessExpiresAt health { status } }'
    said.push((await app.run(acme.sandboxKey, `{ mcpCredentials(first: 5) { ${fields} } }`, {}, { 'x-on-behalf-of': 'jane' })).text)
    said.push(await (await fetch(`${app.url}/metrics`)).text(), app.log, JSON.stringify(await acme.events()), await everything(world))
    const code = new URL(browser.visited.find((url) => url.startsWith(`${publicOrigin}/oauth/callback/`))!).searchParams.get('code')!
    const secrets = [clientSecret, code, ...verifiers, ...upstream.tokens]
    expect(verifiers).toHaveLength(1)
    // Pairs of tokens, at the connection and at each renewal.
    expect(secrets).toHaveLength(3 + 2 * 4)
    for (const secret of secrets) expect(said.filter((text) => text.includes(secret))).toEqual([])
    // Where its URL is ours, only the page of the callback has the code, which was spent then.
    expect(said.join('')).toContain('Notes is connected')
  } finally {
    await world.close()
    await collected.close()
  }
})
