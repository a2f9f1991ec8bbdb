/** Checks that docs/errors.md lists every error of the sources; `--write` regenerates it. */
import { readFileSync, writeFileSync } from 'node:fs'

import { collectErrors } from './error-sites.js'

const { requestErrorDescriptions, userErrorDescriptions } = await import('../dist/lib/error-codes.js')
const { gatewayErrors } = await import('../dist/gateway/gateway-error.js')
const { oauthErrors } = await import('../dist/oauth/oauth-error.js')

const { pageErrors } = await import('../dist/oauth/page-error.js')

const path = 'docs/errors.md'
const { rows, faults } = collectErrors(userErrorDescriptions)

const escape = (text) => text.replaceAll('|', String.raw`\|`).replaceAll('<', '&lt;')
const list = (texts) => [...new Set(texts)].toSorted((a, b) => (a < b ? -1 : 1)).map((text) => `- ${escape(text)}`)

/** A section for each code of the table; a code without a text of ours is used for texts of graphql-js and Apollo Server. */
function sections(kind, descriptions, heading) {
  const own = rows.filter((row) => row.kind === kind)
  for (const { code, text } of own) if (!(code in descriptions)) faults.push(`"${text}" has the unknown code ${code}`)
  return Object.entries(descriptions).flatMap(([code, { cause, remedy }]) => {
    const texts = own.filter((row) => row.code === code)
    const statuses = [...new Set(texts.flatMap(({ status }) => status))]
    return [
      `### ${heading(code, statuses)}`,
      '',
      `**Cause.** ${escape(cause)} **Remedy.** ${escape(remedy)}`,
      '',
      ...list(texts.map(({ text }) => text)),
      '',
    ]
  })
}

const listStatuses = (statuses) => `(HTTP ${[...new Set(statuses)].toSorted((a, b) => a - b).join(', ')})`
const textsOf = (kind) => list(rows.filter((row) => row.kind === kind).map(({ text }) => text))

const pages = Object.entries(pageErrors).map(
  ([code, { status, title, text }]) => `- \`${code}\` (HTTP ${status}): **${title}.** ${escape(text)}`,
)

const page = `# Errors

Every error that Keyhouse answers or prints, with its cause and its remedy. Generated from the sources by \`npm run errors\`: do not edit.
Codes and statuses are part of the contract; texts are not, and may change in any version. \`{…}\` stands for a value.

## Mutations: \`userErrors\`

The response has HTTP status 200, and \`userErrors\` of the payload has \`code\`, \`message\` and \`path\`. The mutation changed nothing.
In a query the same refusals are top-level errors with the code \`FORBIDDEN\` or \`BAD_USER_INPUT\`.

${sections('user', userErrorDescriptions, (code) => `\`${code}\``).join('\n')}
## Requests: \`errors\`

The response has \`errors[].extensions.code\` and \`extensions.requestId\`. Messages of graphql-js and Apollo Server, shortened so that they repeat no value, come with \`BAD_REQUEST\`, \`BAD_USER_INPUT\`, \`GRAPHQL_PARSE_FAILED\`, \`GRAPHQL_VALIDATION_FAILED\` and \`PERSISTED_QUERY_NOT_FOUND\`.

${sections('request', requestErrorDescriptions, (code) => `\`${code}\` ${listStatuses([requestErrorDescriptions[code].status])}`).join('\n')}
## Gateway: JSON-RPC errors

Refusals of the request itself, such as of its credential, are as above. A call that a mutation would refuse is refused with its text and \`FORBIDDEN\`. \`data.reason\` is the name in the headings below, which is also the code in the log and in metrics.

${sections('gateway', gatewayErrors, (reason, statuses) => `${gatewayErrors[reason].code} \`${reason}\`${statuses.length > 0 ? ` ${listStatuses(statuses)}` : ''}`).join('\n')}
## OAuth endpoints: \`error\`

The response of an endpoint below an issuer, such as \`{issuer}/oauth/token\`, is \`{"error", "error_description"}\`. The texts above come with these codes too, without quotation marks: RFC 6749 §5.2 forbids them there.

${sections('oauth', oauthErrors, (code, statuses) => `\`${code}\` ${listStatuses([oauthErrors[code].status, ...statuses])}`).join('\n')}
### Authorization responses

The client gets these as \`error_description\` at its redirect URI.

${textsOf('authorization').join('\n')}

## Pages for end users

An end user reads title and text in the browser, with the request id. The code is in the log and in metrics.

${pages.join('\n')}

For developers, some add what was wrong with the request:

${textsOf('page').join('\n')}

## Failures of \`testMcpServer\`

The descriptions of \`McpTestFailureCode\` in the schema tell the causes.

${textsOf('test').join('\n')}

## Authorization servers of MCP servers

Texts of \`startMcpConnection\` with the code \`OAUTH_UNAVAILABLE\` or \`OAUTH_CLIENT_REQUIRED\`, of the gateway with the reason \`RENEWAL_FAILED\`, and of \`testMcpServer\`.

${textsOf('connection').join('\n')}

## Configuration

\`start\` and every other command print all faults at once and exit with status 1. The text names the variable and the rule.

${textsOf('config').join('\n')}

## Command line

Printed to stderr, with exit status 1.

${textsOf('command').join('\n')}
`.replaceAll(/\n{3,}/g, '\n\n')

if (process.argv.includes('--write')) writeFileSync(path, page)
else if (readFileSync(path, 'utf8') !== page)
  faults.push(`${path} is not what the sources say: run "npm run errors" and look at the difference.`)
for (const fault of faults) console.error(fault)
if (faults.length > 0) process.exitCode = 1
