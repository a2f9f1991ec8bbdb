/** Documents of this program. `npm run generate` types them from the schema. */
import { graphql } from './gql/gql.ts'

export const Keys = graphql(`
  query Keys($first: Int!, $after: String) {
    apiKeys(first: $first, after: $after) {
      nodes {
        id
        label
        permissions
        createdAt
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`)

export const CreateKey = graphql(`
  mutation CreateKey($input: CreateApiKeyInput!) {
    createApiKey(input: $input) {
      apiKey {
        id
        label
      }
      secret
      userErrors {
        code
        message
        path
      }
    }
  }
`)
