/**
 * What a browser finds at /graphql: Apollo Sandbox, or nothing. Set by our own configuration, never by NODE_ENV.
 * The page loads Sandbox from Apollo's servers; where those cannot be reached, /explorer does the same.
 */
import { randomBytes } from 'node:crypto'

import type { FastifyReply } from 'fastify'

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

const sandboxScript = 'https://embeddable-sandbox.cdn.apollographql.com'

/** What is typed there may be a secret: nothing is told to anyone, no cookie is sent, and it calls this server alone. */
const sandbox = {
  target: '#sandbox',
  initialState: { document: firstDocument, headers: { Authorization: 'Bearer ' }, includeCookies: false, pollForSchemaUpdates: false },
  hideCookieToggle: true,
  endpointIsEditable: false,
  runTelemetry: false,
  allowDynamicStyles: false,
}

const html = (nonce: string): string => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Keyhouse</title>
    <style nonce="${nonce}">
      body { margin: 0; font: 16px/1.5 system-ui, sans-serif; }
      main { max-width: 36rem; margin: 4rem auto; padding: 0 1rem; }
      #sandbox { position: absolute; inset: 0; }
      #sandbox:empty { display: none; }
      iframe { width: 100%; height: 100%; border: none; background: white; }
    </style>
  </head>
  <body>
    <main>
      <h1>Keyhouse</h1>
      <p>Apollo Sandbox comes from the internet and cannot be loaded. <a href="/explorer">The explorer at /explorer</a> comes from this server.</p>
    </main>
    <div id="sandbox"></div>
    <script nonce="${nonce}" src="${sandboxScript}/_latest/embeddable-sandbox.umd.production.min.js"></script>
    <script nonce="${nonce}">
      new window.EmbeddedSandbox({ ...${JSON.stringify(sandbox)}, initialEndpoint: window.location.href })
    </script>
  </body>
</html>
`

/** As narrow as the embedded Sandbox allows: its script and its frame, and nothing that we did not write. */
const policy = (nonce: string): string =>
  Object.entries({
    'default-src': `'none'`,
    'script-src': `'nonce-${nonce}' ${sandboxScript}`,
    'style-src': `'nonce-${nonce}' ${sandboxScript} https://fonts.googleapis.com`,
    'font-src': 'https://fonts.gstatic.com',
    'frame-src': 'https://sandbox.embed.apollographql.com',
    // The page, not the frame, sends the operations, and only to us.
    'connect-src': `'self'`,
    'base-uri': `'none'`,
    'form-action': `'none'`,
    'frame-ancestors': `'none'`,
  })
    .map(([directive, sources]) => `${directive} ${sources}`)
    .join('; ')

/** Undefined: there is none. */
export function landingPage(explorer: Config['explorer']): ((reply: FastifyReply) => string) | undefined {
  if (explorer !== 'sandbox') return undefined
  return (reply) => {
    const nonce = randomBytes(32).toString('hex')
    void reply.headers({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': policy(nonce),
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
    })
    return html(nonce)
  }
}
