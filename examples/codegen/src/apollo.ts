/** Apollo Client with its defaults: creates a key, then lists keys. */
import { ApolloClient, HttpLink, InMemoryCache } from '@apollo/client'

import { CreateKey, Keys } from './operations.ts'

const headers = { authorization: `Bearer ${process.env.KEY}` }
const client = new ApolloClient({
  link: new HttpLink({ uri: `${process.env.KEYHOUSE_URL ?? 'http://localhost:4000'}/graphql`, headers }),
  cache: new InMemoryCache(),
})

// `no-cache`: the result holds a secret.
const created = await client.mutate({
  mutation: CreateKey,
  variables: { input: { label: 'Apollo', permissions: [] } },
  fetchPolicy: 'no-cache',
})
const { secret, userErrors } = created.data!.createApiKey!
if (!secret) throw new Error(userErrors.map(({ message }) => message).join(' '))
const { data } = await client.query({ query: Keys, variables: { first: 10 } })
console.log(data!.apiKeys.nodes.map(({ label }) => label))
client.stop()
