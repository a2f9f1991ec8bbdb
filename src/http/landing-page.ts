/**
 * What a browser finds at /graphql: Apollo Sandbox, or nothing. Set by our own configuration, never by NODE_ENV.
 * The page loads Sandbox from Apollo's servers; where those cannot be reached, /explorer does the same.
 */
import type { ApolloServerPlugin } from '@apollo/server'
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled'
import { ApolloServerPluginLandingPageLocalDefault } from '@apollo/server/plugin/landingPage/default'

import type { Config } from '../config.js'

const firstDocument = `# Put an API key or a token behind "Bearer" under Headers below, then run this.
# To act for one of your end users add the header X-On-Behalf-Of to an API key.
# Without the internet: the same at /explorer.
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
        // What is typed here may be a secret: nothing is told to anyone, no cookie is sent, and it calls this server alone.
        embed: { runTelemetry: false, endpointIsEditable: false, initialState: { pollForSchemaUpdates: false } },
        includeCookies: false,
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
