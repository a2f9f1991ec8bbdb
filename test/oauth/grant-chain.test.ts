/** What a token of a grant can do: scope ∩ choice ∩ key ∩ allowed tools, when granted and when used, and never more. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import fc from 'fast-check'

import { hasPermission } from '../../src/access/permissions.js'
import { challengeOf, GrantWorld } from '../support/oauth-grants.js'

let world: GrantWorld
beforeAll(async () => {
  world = await GrantWorld.start()
})
afterAll(() => world.close())

const tools = ['echo', 'add', 'delete'] as const
const someTools = fc.subarray([...tools])
const toolPatterns = fc.oneof(
  someTools.map((names) => names.map((name) => `mcp_tool:${name}`)),
  fc.constant(['mcp_tool:*']),
)
const keyPermissions = fc
  .tuple(fc.boolean(), toolPatterns)
  .map(([isUser, patterns]) => [...(isUser ? ['mcp_server:use'] : []), ...patterns])
const allowList = fc.option(someTools, { nil: null })

const chains = fc.record({
  keyThen: fc.oneof(
    { weight: 4, arbitrary: toolPatterns.map((patterns) => ['mcp_server:use', ...patterns]) },
    { weight: 1, arbitrary: keyPermissions },
  ),
  keyNow: fc.oneof(
    { weight: 4, arbitrary: toolPatterns.map((patterns) => ['mcp_server:use', ...patterns]) },
    { weight: 1, arbitrary: keyPermissions },
  ),
  allowedThen: allowList,
  allowedNow: allowList,
  scope: fc.option(
    toolPatterns.map((patterns) => ['mcp_server:use', ...patterns]),
    { nil: undefined },
  ),
  /** Tools whose boxes the end user clears. */
  cleared: someTools,
  /** Tools that the client leaves out of one access token. */
  leftOut: fc.option(someTools, { nil: undefined }),
})

let runs = 0

test('a token calls exactly the tools that every link allows', async () => {
  const { gateway } = world
  const { app, acme } = gateway
  const mutate = (field: 'updateApiKey' | 'updateMcpServer', credential: string, input: object): Promise<unknown> =>
    app.mutate(credential, field, input, '__typename')
  await fc.assert(
    fc.asyncProperty(chains, async ({ keyThen, keyNow, allowedThen, allowedNow, scope, cleared, leftOut }) => {
      const key = await acme.apiKey({ permissions: keyThen })
      await world.configure({ apiKeyId: key.id })
      const serverId = await gateway.server({ allowedTools: allowedThen })
      const externalId = `user-${++runs}`
      await gateway.credential(serverId, { none: 'NONE' }, { 'x-on-behalf-of': externalId })
      const cookie = await world.signIn(externalId)
      const verifier = 'v'.repeat(43)
      const page = await world.authorize(cookie, {
        resource: `${world.at}/mcp/${serverId}`,
        scope: scope?.join(' '),
        code_challenge: challengeOf(verifier),
      })
      if (!keyThen.includes('mcp_server:use')) return expect(page.location?.searchParams.get('error')).toBe('invalid_scope')
      const boxes = new Map(
        [...page.text.matchAll(/name="(permission-\d+)"[\s\S]*?(?:tool <code>(\w+)|every tool)/g)].map(([, name, tool]) => [
          tool ?? '*',
          name!,
        ]),
      )
      const without = cleared.flatMap((tool) => boxes.get(tool) ?? [])
      const code = (await world.allow(cookie, page, without)).location!.searchParams.get('code')!
      const { body } = await world.redeem({ code, verifier, clientId: await world.clientId() }, { resource: undefined })
      const granted = body.scope.split(' ')
      await mutate('updateApiKey', acme.adminToken, { id: key.id, permissions: keyNow })
      await mutate('updateMcpServer', acme.sandboxKey, { id: serverId, allowedTools: allowedNow })
      const narrowed = leftOut && granted.filter((permission) => !leftOut.some((tool) => permission === `mcp_tool:${tool}`))
      const refreshed = await world.refresh(body.refresh_token, narrowed && { scope: narrowed.join(' ') })
      const isAllowed = (tool: (typeof tools)[number]): boolean =>
        keyNow.includes('mcp_server:use') &&
        (scope === undefined || hasPermission(scope, `mcp_tool:${tool}`)) &&
        hasPermission(keyThen, `mcp_tool:${tool}`) &&
        hasPermission(keyNow, `mcp_tool:${tool}`) &&
        (allowedThen === null || allowedThen.includes(tool)) &&
        (allowedNow === null || allowedNow.includes(tool)) &&
        !(boxes.has(tool) && cleared.includes(tool)) &&
        hasPermission(narrowed ?? granted, `mcp_tool:${tool}`)
      const expected = tools.filter(isAllowed)
      if (refreshed.status !== 200) return expect([refreshed.body.error, expected]).toEqual(['invalid_grant', []])
      const called = []
      for (const tool of tools) if ((await gateway.call(serverId, refreshed.body.access_token, tool)).body.result) called.push(tool)
      expect(called).toEqual(expected)
    }),
    { numRuns: 25 },
  )
})
