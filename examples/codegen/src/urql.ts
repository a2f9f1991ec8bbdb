/** urql with its defaults: creates a key, then lists keys. */
import { cacheExchange, Client, fetchExchange } from '@urql/core'

import { CreateKey, Keys } from './operations.ts'

const client = new Client({
  url: `${process.env.KEYHOUSE_URL ?? 'http://localhost:4000'}/graphql`,
  exchanges: [cacheExchange, fetchExchange],
  fetchOptions: { headers: { authorization: `Bearer ${process.env.KEY}` } },
})

const created = await client.mutation(CreateKey, { input: { label: 'urql', permissions: [] } })
if (created.error) throw created.error
const { secret, userErrors } = created.data!.createApiKey!
if (!secret) throw new Error(userErrors.map(({ message }) => message).join(' '))
const { data, error } = await client.query(Keys, { first: 10 })
if (error) throw error
console.log(data!.apiKeys.nodes.map(({ label }) => label))
