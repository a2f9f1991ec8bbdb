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

const cdn = 'https://apollo-server-landing-page.cdn.apollographql.com'
const sandboxScript = 'https://embeddable-sandbox.cdn.apollographql.com'

/** As narrow as the embedded Sandbox allows: its script and its frame, and nothing that we did not write. */
export function pageHeaders(html: string): Record<string, string> {
  const [, nonce = ''] = /nonce="([0-9a-f]+)"/.exec(html) ?? []
  const policy = {
    'default-src': `'none'`,
    'script-src': `'nonce-${nonce}' ${sandboxScript}`,
    'style-src': `'nonce-${nonce}' ${sandboxScript} https://fonts.googleapis.com`,
    'font-src': 'https://fonts.gstatic.com',
    'img-src': cdn,
    'manifest-src': cdn,
    'frame-src': 'https://sandbox.embed.apollographql.com',
    // The page, not the frame, sends the operations, and only to us.
    'connect-src': `'self'`,
    'base-uri': `'none'`,
    'form-action': `'none'`,
    'frame-ancestors': `'none'`,
  }
  return {
    'content-security-policy': Object.entries(policy)
      .map(([directive, sources]) => `${directive} ${sources}`)
      .join('; '),
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
  }
}
