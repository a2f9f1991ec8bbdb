/** Configuration of GraphQL Code Generator: the client preset, with a type for each scalar of Keyhouse. */
import type { CodegenConfig } from '@graphql-codegen/cli'

const config: CodegenConfig = {
  // Or the URL of a server that allows introspection: 'http://localhost:4000/graphql'.
  schema: '../../schema.graphql',
  documents: 'src/*.ts',
  generates: {
    'src/gql/': {
      preset: 'client',
      config: {
        strictScalars: true,
        useTypeImports: true,
        enumsAsTypes: true,
        importExtension: '.ts',
        scalars: {
          DateTime: 'string',
          EmailAddress: 'string',
          JSONObject: 'Record<string, unknown>',
          JWT: 'string',
          Permission: 'string',
          Secret: 'string',
          URL: 'string',
        },
      },
    },
  },
}

export default config
