// A service behind Keyhouse that verifies tokens offline with jose, polls the revocation list, and verifies API keys through
// Keyhouse. Copy it as a starting point.
import { createServer } from 'node:http'

import { createRemoteJWKSet, errors, jwtVerify } from 'jose'

const port = Number(process.env.PORT ?? 4100)
/** The issuer of one organization and environment, from `viewer { issuer }`. Tokens of other tenants have another `iss`. */
const issuer = process.env.KEYHOUSE_ISSUER
if (!URL.canParse(issuer ?? '')) {
  console.error(
    'KEYHOUSE_ISSUER is missing or no URL. Set it to the issuer of your organization and environment, as viewer { issuer } tells it.',
  )
  process.exit(1)
}
/** Projects of one organization share its issuers. Undefined: tokens of all its projects are accepted. */
const trustedProject = process.env.PROJECT
const audience = process.env.AUDIENCE ?? `http://localhost:${port}`
const apiKey = process.env.KEYHOUSE_API_KEY
const pollSeconds = Number(process.env.POLL_SECONDS ?? 10)

/** Refuse all tokens if the revocation list is older than this, since a revocation may have been missed. */
const maxListAgeMs = Math.max(60, 6 * pollSeconds) * 1000
/** Algorithms that Keyhouse supports. A fixed list prevents algorithm confusion (RFC 8725 §3.1). */
const algorithms = ['ES256', 'EdDSA', 'RS256']

class Refusal extends Error {
  constructor(status, error, headers = {}) {
    super(error)
    this.status = status
    this.headers = headers
  }
}

// The current revocation list, revalidated by its ETag.
let revoked = { tokens: new Set(), clients: new Set(), sandboxes: new Map(), etag: undefined, at: 0 }

async function poll() {
  try {
    const response = await fetch(`${issuer}/.well-known/revoked.json`, {
      headers: revoked.etag ? { 'if-none-match': revoked.etag } : {},
      signal: AbortSignal.timeout(5000),
    })
    if (response.status === 304) {
      revoked.at = Date.now()
    } else if (response.ok) {
      // Older versions of Keyhouse omit revokedSandboxes.
      const { revokedTokens, revokedClients, revokedSandboxes = [] } = await response.json()
      revoked = {
        tokens: new Set(revokedTokens),
        clients: new Set(revokedClients),
        sandboxes: new Map(revokedSandboxes.map(({ project, issuedBefore }) => [project, issuedBefore])),
        etag: response.headers.get('etag') ?? undefined,
        at: Date.now(),
      }
    } else throw new Error(`HTTP ${response.status}`)
  } catch (error) {
    console.error(`cannot fetch the revocation list: ${error.message}`)
  } finally {
    setTimeout(() => void poll(), pollSeconds * 1000).unref()
  }
}

// Cached for the max-age of the key set. An unknown `kid` triggers a fetch.
const jwks = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`), { cacheMaxAge: 300_000 })

/** Revoked individually, with its API key, or by a reset of its sandbox in the second of its `iat` or later. */
const isRevoked = ({ jti, client_id, env, project, iat }) =>
  revoked.tokens.has(jti) || revoked.clients.has(client_id) || (env === 'SANDBOX' && iat <= revoked.sandboxes.get(project))

function bearer(request) {
  const [, text] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? []
  if (!text) throw new Refusal(401, 'missing_token', { 'www-authenticate': 'Bearer' })
  return text
}

async function verifyToken(request) {
  const token = bearer(request)
  const invalid = new Refusal(401, 'invalid_token', { 'www-authenticate': 'Bearer error="invalid_token"' })
  if (Date.now() - revoked.at > maxListAgeMs) throw new Refusal(503, 'revocations_unknown', { 'retry-after': String(pollSeconds) })
  try {
    const { payload } = await jwtVerify(token, jwks, { issuer, audience, typ: 'at+jwt', algorithms })
    if (trustedProject !== undefined && payload.project !== trustedProject) throw invalid
    if (isRevoked(payload)) throw invalid
    return payload
  } catch (error) {
    // A failed fetch of the key set is not the token's fault: 503, not 401.
    const isFetch = error instanceof errors.JWKSTimeout || error.code === 'ERR_JOSE_GENERIC'
    if (error === invalid || (error instanceof errors.JOSEError && !isFetch)) throw invalid
    throw new Refusal(503, 'keys_unavailable', { 'retry-after': String(pollSeconds) })
  }
}

/** `*` and `application:*` include every permission that this service defines, `agent:*` those of agents. */
const hasPermission = (permissions, required) =>
  ['*', 'application:*', `${required.split(':')[0]}:*`, required].some((pattern) => permissions.includes(pattern))

async function listAgents(request) {
  const { sub, permissions } = await verifyToken(request)
  if (!Array.isArray(permissions) || !hasPermission(permissions, 'agent:read')) {
    throw new Refusal(403, 'insufficient_scope', { 'www-authenticate': 'Bearer error="insufficient_scope", scope="agent:read"' })
  }
  return { endUser: sub, agents: [{ id: 'agent-1', name: 'Concierge' }] }
}

/** Simulates a payment; accepts sandbox keys only. */
async function provePayment(request) {
  const secret = bearer(request)
  const response = await fetch(new URL('/graphql', issuer), {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${apiKey}` },
    body: JSON.stringify({
      query: 'mutation ($input: VerifyApiKeyInput!) { verifyApiKey(input: $input) { verdict { code retryAfterMs } } }',
      variables: { input: { secret, environment: 'SANDBOX' } },
    }),
    signal: AbortSignal.timeout(5000),
  }).catch(() => undefined)
  const verdict = response?.ok ? (await response.json()).data?.verifyApiKey?.verdict : undefined
  if (!verdict) throw new Refusal(503, 'keyhouse_unavailable', { 'retry-after': '1' })
  if (verdict.code === 'VALID') return { proof: 'paid-in-sandbox' }
  if (verdict.code === 'ENVIRONMENT_MISMATCH') throw new Refusal(400, 'production_payments_not_supported')
  if (verdict.code === 'RATE_LIMITED') {
    throw new Refusal(429, 'rate_limited', { 'retry-after': String(Math.ceil((verdict.retryAfterMs ?? 1000) / 1000)) })
  }
  throw new Refusal(401, 'invalid_key', { 'www-authenticate': 'Bearer error="invalid_token"' })
}

const routes = { 'GET /agents': listAgents, 'POST /payments/proof': provePayment }

async function serve(request, response) {
  const answer = (status, body, headers = {}) => {
    response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers })
    response.end(`${JSON.stringify(body)}\n`)
  }
  try {
    const route = routes[`${request.method} ${request.url.split('?')[0]}`]
    if (!route) throw new Refusal(404, 'not_found')
    answer(200, await route(request))
  } catch (error) {
    if (error instanceof Refusal) answer(error.status, { error: error.message }, error.headers)
    else {
      console.error(error)
      answer(500, { error: 'internal' })
    }
  }
}

const server = createServer((request, response) => void serve(request, response))

await poll()
server.listen(port, '127.0.0.1', () => console.log(`downstream listens on http://127.0.0.1:${server.address().port}`))
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    server.close(() => process.exit(0))
    server.closeAllConnections()
  })
}
