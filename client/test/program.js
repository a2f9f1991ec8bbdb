/** A program of someone who installed the package: runs on any Node that it promises, and says what it saw. */
import { apiKeys, ApiError, createClient, exchangeApiKey, rotateApiKey, UserErrorsError, viewer } from '@keyhouse/client'

const { KEYHOUSE_URL: url, KEYHOUSE_KEY: credential } = process.env
const client = createClient({ url, credential })

const failure = async (call) => {
  try {
    await call
    return null
  } catch (error) {
    const { name, message, code, status, requestId, operation } = error
    const kind = error instanceof UserErrorsError ? 'refused' : error instanceof ApiError ? 'failed' : 'else'
    return { kind, name, message, code, status, requestId, operation }
  }
}

const { token, accessToken } = await exchangeApiKey(client, {
  audience: 'https://api.example.com',
  externalUserId: 'user-1',
  permissions: [],
})
const page = await apiKeys(client, { first: 1, withTotalCount: true })
const seen = {
  node: process.versions.node,
  kind: (await viewer(client)).kind,
  parts: token.split('.').length,
  audience: accessToken.audience,
  listed: page.nodes.length,
  total: page.totalCount,
  uncounted: 'totalCount' in (await apiKeys(client)),
  refused: await failure(rotateApiKey(client, { id: `key_${'0'.repeat(32)}` })),
  failed: await failure(viewer(createClient({ url, credential: `${credential}x` }))),
}
process.stdout.write(JSON.stringify(seen))
