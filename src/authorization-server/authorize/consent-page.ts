/** Consent page: who asks, for which MCP server, what it will be able to do, and until when. */
import type { FastifyReply } from 'fastify'

import { permissions } from '../../access/permission-definitions.js'
import type { McpServer } from '../../entities/mcp-server.js'
import type { OAuthClient } from '../../oauth/clients/client-metadata.js'
import { isLoopbackRedirect, privateUseScheme, redirectHost } from '../../oauth/clients/redirect-uri.js'
import { refreshTokenTtlSeconds } from '../../oauth/grants/issue-grant-tokens.js'
import { html, type Html } from '../pages/html.js'
import { sendPage } from '../pages/page.js'

interface ConsentPage {
  /** Where the form is sent. */
  readonly action: string
  readonly ticket: string
  readonly client: OAuthClient
  readonly redirectUri: string
  readonly server: McpServer
  /** `mcp_server:use` first, then the tools. */
  readonly offered: readonly string[]
  readonly externalId: string
  /** Expiry of the API key that limits the grant; null: none. */
  readonly keyExpiresAt: Date | null
}

/** Name of the checkbox of an offered permission. */
export const choiceName = (index: number): string => `permission-${index}`

/** What a client may do with a tool permission. */
export function describePermission(permission: string): Html {
  if (permission === 'mcp_tool:*') return html`Call every tool, also those that the server adds later`
  const tool = permission.replace('mcp_tool:', '')
  return html`Call the tool <code>${tool}</code>`
}

/** Source of the policy that lets the browser follow the answer. It knows no IPv6 addresses (CSP Level 3 §2.3.1). */
export function redirectSource(redirectUri: string): string {
  const scheme = privateUseScheme(redirectUri)
  if (scheme !== undefined) return `${scheme}:`
  const { origin, hostname } = new URL(redirectUri)
  return hostname.startsWith('[') ? 'http:' : origin
}

function warningOf(redirectUri: string): Html | false {
  if (isLoopbackRedirect(redirectUri))
    return html`<p class="warning">
      The application says that it runs on this device, and nobody can check that. Continue only if you just started it yourself.
    </p>`
  if (privateUseScheme(redirectUri) === undefined) return false
  return html`<p class="warning">
    The answer goes to whichever app on this device opens <code>${redirectHost(redirectUri)}:</code> links. Continue only if you just
    started it yourself.
  </p>`
}

const describeEnd = ({ keyExpiresAt }: ConsentPage): string =>
  `You or an administrator revoke it, or the application does not use it for ${refreshTokenTtlSeconds / 86_400} days${
    keyExpiresAt ? `, at the latest on ${keyExpiresAt.toISOString().slice(0, 10)}` : ''
  }.`

const choices = (offered: readonly string[]): Html =>
  html`<fieldset>
    <legend>It will be able to</legend>
    <ul>
      <li>${permissions['mcp_server:use'].title}: connect to this one and list what it offers</li>
      ${offered.slice(1).map(
        (permission, i) =>
          html`<li>
            <label
              ><input type="checkbox" name="${choiceName(i + 1)}" value="on" checked />
              <span>${describePermission(permission)}</span></label
            >
          </li>`,
      )}
    </ul>
  </fieldset>`

export function sendConsentPage(reply: FastifyReply, page: ConsentPage): FastifyReply {
  const { action, ticket, client, redirectUri, server, offered, externalId } = page
  return sendPage(reply, {
    title: `Let ${client.name} use ${server.name}?`,
    body: html`<p>You are signed in as <code>${externalId}</code>. <a href="/oauth/sign-out">Sign out</a></p>
      <dl>
        <dt>Application</dt>
        <dd>
          ${client.name},
          ${client.host === null ? 'which registered itself: nobody checked its name' : html`of <code>${client.host}</code>`}
        </dd>
        <dt>MCP server</dt>
        <dd>${server.name}</dd>
        <dt>The answer goes to</dt>
        <dd><code>${redirectHost(redirectUri)}</code></dd>
        <dt>Until</dt>
        <dd>${describeEnd(page)}</dd>
      </dl>
      ${warningOf(redirectUri)}
      <form method="post" action="${action}">
        <input type="hidden" name="request" value="${ticket}" />
        ${choices(offered)} ${server.requireApproval === 'ALWAYS' && html`<p class="note">A person must approve each call of a tool.</p>`}
        <div class="row">
          <button class="primary" name="decision" value="allow">Allow</button>
          <button name="decision" value="deny">Deny</button>
        </div>
      </form>`,
    formAction: [`'self'`, redirectSource(redirectUri)],
  })
}
