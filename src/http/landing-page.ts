/** What a browser finds at /graphql: Apollo Sandbox, or nothing. Set by our own configuration, never by NODE_ENV. */
import type { ApolloServerPlugin } from '@apollo/server'
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled'
import { ApolloServerPluginLandingPageLocalDefault } from '@apollo/server/plugin/landingPage/default'

import type { Config } from '../config.js'

const firstDocument = `# Put your key into the "Authorization" header below: Bearer kh_sand_…
query WhoAmI {
  viewer {
    kind
    environment
    permissions
    organization { name }
    project { name }
  }
}
`

export const landingPage = (explorer: Config['explorer']): ApolloServerPlugin =>
  explorer === 'sandbox'
    ? ApolloServerPluginLandingPageLocalDefault({
        footer: false,
        embed: true,
        document: firstDocument,
        headers: { Authorization: 'Bearer ' },
      })
    : ApolloServerPluginLandingPageDisabled()
