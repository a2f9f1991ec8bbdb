/** The GraphQL documents that crash-load.ts sends. */

/** KEYHOUSE_URL of the servers under test, independent of their port, so that tokens stay valid after a restart. */
export const issuer = 'http://keyhouse.test'

export const createKey = `mutation ($label: String) { it: createApiKey(input: { label: $label, permissions: [] }) { apiKey { id } secret userErrors { code } } }`
export const rotateKey = 'mutation ($id: ID!) { it: rotateApiKey(input: { id: $id }) { secret userErrors { code } } }'
export const revokeKey = 'mutation ($id: ID!) { it: revokeApiKey(input: { id: $id }) { apiKey { id } userErrors { code } } }'
export const exchange = `mutation { it: exchangeApiKey(input: { audience: "${issuer}", externalUserId: "jane" }) { token accessToken { id } userErrors { code } } }`
export const revokeToken = 'mutation ($id: ID!) { it: revokeAccessToken(input: { id: $id }) { accessToken { id } userErrors { code } } }'
export const createServer = `mutation { it: createMcpServer(input: { name: "x", serverLabel: "x", serverUrl: "https://mcp.example/mcp" }) { server { id } userErrors { code } } }`
export const store =
  'mutation ($input: CreateMcpCredentialInput!) { it: createMcpCredential(input: $input) { credential { id } userErrors { code } } }'
export const revokeStored = 'mutation ($id: ID!) { it: revokeMcpCredential(input: { id: $id }) { credential { id } userErrors { code } } }'
export const verify =
  'mutation ($secret: Secret!) { it: verifyApiKey(input: { secret: $secret }) { verdict { code apiKey { id } } userErrors { code } } }'
export const introspect =
  'mutation ($token: Secret!) { it: introspectToken(input: { token: $token }) { introspection { active tokenId } userErrors { code } } }'
