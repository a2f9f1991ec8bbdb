/** Landing page at /graphql: links to Apollo Sandbox and to the bundled GraphiQL. It runs no script. */
import { createHash } from 'node:crypto'

import type { Plugin } from './routed-request.js'

/** Origin of Apollo Sandbox, which CORS allows by default on loopback. */
const hostedSandbox = 'https://studio.apollographql.com'

const firstDocument = `# Under "Headers" below, set Authorization to "Bearer " and an API key or token. Then run this.
# To act for one of your end users, add the header X-On-Behalf-Of to an API key.
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

const style = `
      :root { color-scheme: light dark; }
      body { margin: 0; font: 16px/1.5 system-ui, sans-serif; }
      main { max-width: 38rem; margin: 4rem auto; padding: 0 1rem; }
      code { overflow-wrap: anywhere; }
      a { display: inline-block; margin-top: 1rem; font-weight: 600; }
      p { margin: 0.25rem 0; }
    `

/** The policy allows this style and no script: a script on this origin could use the credentials of its pages. */
export const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': [
    `default-src 'none'`,
    `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
    'img-src data:',
    `base-uri 'none'`,
    `form-action 'none'`,
    `frame-ancestors 'none'`,
  ].join('; '),
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
}

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const escapeHtml = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => escapes[character]!)

function renderHtml(endpoint: string): string {
  const parameters = Object.entries({ endpoint, document: firstDocument }).map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
  const sandbox = `${hostedSandbox}/sandbox/explorer?${parameters.join('&')}`
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Keyhouse GraphQL API</title>
    <link rel="icon" href="data:," />
    <style>${style}</style>
  </head>
  <body>
    <main>
      <h1>Keyhouse GraphQL API</h1>
      <p>Endpoint: <code>${escapeHtml(endpoint)}</code></p>
      <a href="${escapeHtml(sandbox)}" rel="noreferrer">Open Apollo Sandbox</a>
      <p>Loads from studio.apollographql.com with this endpoint and a first query. Operations go from your browser to this server.</p>
      <a href="/explorer">Open GraphiQL</a>
      <p>Served by Keyhouse at /explorer. It needs no internet access, and a reload clears what you typed.</p>
    </main>
  </body>
</html>
`
}

/** @param url the configured origin; the Host header is client input */
export function landingPagePlugin(url: string): Plugin {
  const html = renderHtml(`${url}/graphql`)
  return { serverWillStart: () => Promise.resolve({ renderLandingPage: () => Promise.resolve({ html }) }) }
}
