// The measured GraphQL documents, the same for every GraphQL contender.
export const documents = {
  exchange: {
    query: 'mutation Exchange($input: ExchangeApiKeyInput!) { exchangeApiKey(input: $input) { token userErrors { code message } } }',
    variables: { input: { audience: 'https://agents.example.com', externalUserId: 'alice', permissions: ['agent:read'] } },
  },
  verify: (secret) => ({
    query:
      'mutation Verify($input: VerifyApiKeyInput!) { verifyApiKey(input: $input) { verdict { valid code apiKey { id environment } } userErrors { code message } } }',
    variables: { input: { secret, permissions: ['agent:read'] } },
  }),
  viewer: { query: 'query Viewer { viewer { kind environment permissions expiresAt } }' },
  list: {
    query:
      'query Keys { apiKeys(first: 50) { nodes { id label environment preview permissions status createdAt updatedAt expiresAt lastUsedAt } } }',
  },
}
