/** Page of an end user's connections: what it allowed, which accounts are connected, and what was done in its name. */
import type { FastifyReply } from 'fastify'

import type { AuditEvent } from '../../entities/audit-event.js'
import type { McpCredential } from '../../entities/mcp-credential.js'
import { describePermission } from '../authorize/consent-page.js'
import { html, type Html } from '../pages/html.js'
import { sendPage } from '../pages/page.js'
import { maxEvents, type ConnectedAccount, type EndUserAccount, type GrantOfEndUser } from './end-user-account.js'
import { eventTitle } from './event-titles.js'

interface AccountPage extends EndUserAccount {
  /** Path of the page, which takes its form too. */
  readonly path: string
  /** Proof that the form is of this session. */
  readonly token: string
  readonly externalId: string
  /** Whether the key lets this end user connect accounts. */
  readonly canConnect: boolean
}

const time = (at: Date): Html => html`<time datetime="${at.toISOString()}">${at.toISOString().slice(0, 16).replace('T', ' ')} UTC</time>`

/** Texts that a server or a client chose stand apart, so that their direction does not reorder the rest. */
const isolate = (text: string): Html => html`<bdi>${text}</bdi>`

const describeGrant = ({ grant, server }: GrantOfEndUser): Html =>
  html`<li>
    <p><strong>${isolate(grant.clientName)}</strong> uses ${server ? isolate(server.name) : 'an MCP server that was removed'}</p>
    <ul class="note">
      ${grant.permissions
        .filter((permission) => permission.startsWith('mcp_tool:'))
        .map((permission) => html`<li>${describePermission(permission)}</li>`)}
    </ul>
    <p class="note">
      ${grant.clientHost === null ? 'Registered itself: nobody checked its name' : html`Of <code>${grant.clientHost}</code>`}. Answers went
      to <code>${grant.redirectHost}</code>. Since ${time(grant.createdAt)}.
    </p>
    <button name="revoke" value="${grant.id}" aria-label="Revoke the access of ${grant.clientName}">Revoke</button>
  </li>`

const healthTexts: Readonly<Record<McpCredential['healthStatus'], string>> = {
  UNKNOWN: 'Not used yet',
  OK: 'Works',
  FAILING: 'Refused by the other service',
  RECONNECT_REQUIRED: 'Must be connected again',
}

function describeCredential({ oauthIssuer, healthStatus, createdAt }: McpCredential, isUsable: boolean): Html {
  const source = oauthIssuer === null ? 'Stored by an application' : html`Connected at <code>${new URL(oauthIssuer).host}</code>`
  const health = isUsable || healthStatus === 'RECONNECT_REQUIRED' ? healthTexts[healthStatus] : 'Expired, or of an earlier address'
  return html`<p class="note">${source}, since ${time(createdAt)}. ${health}.</p>`
}

/** An account that was not connected by OAuth is not offered for it while it works: most such servers take no OAuth. */
const offersConnection = ({ credential, isUsable }: ConnectedAccount): boolean => !isUsable || credential?.authType === 'OAUTH'

const describeAccount = (account: ConnectedAccount, canConnect: boolean): Html => {
  const { server, credential, isUsable } = account
  const verb = credential ? 'Reconnect' : 'Connect'
  return html`<li>
    <p><strong>${isolate(server.name)}</strong></p>
    ${credential ? describeCredential(credential, isUsable) : html`<p class="note">Not connected.</p>`}
    <div class="row">
      ${
        canConnect &&
        offersConnection(account) &&
        html`<button name="connect" value="${server.id}" aria-label="${verb} ${server.name}">${verb}</button>`
      }
      ${credential && html`<button name="disconnect" value="${credential.id}" aria-label="Disconnect ${server.name}">Disconnect</button>`}
    </div>
  </li>`
}

function describeEvent({ action, outcome, details, at }: AuditEvent): Html {
  const tool = details['tool']
  return html`<li>
    <p>${eventTitle(action)}${typeof tool === 'string' && html`: <code>${isolate(tool)}</code>`}</p>
    <p class="note">${outcome === 'ALLOWED' ? 'Allowed' : 'Refused'}, ${time(at)}</p>
  </li>`
}

const list = (items: readonly Html[], empty: string): Html =>
  items.length === 0
    ? html`<p class="note">${empty}</p>`
    : html`<ul class="items">
        ${items}
      </ul>`

export function sendAccountPage(reply: FastifyReply, page: AccountPage): FastifyReply {
  const { path, token, externalId, grants, accounts, events, canConnect } = page
  return sendPage(reply, {
    title: 'Your connections',
    body: html`<p>You are signed in as <code>${externalId}</code>. <a href="/oauth/sign-out">Sign out</a></p>
      <form method="post" action="${path}">
        <input type="hidden" name="token" value="${token}" />
        <h2>Applications that may act for you</h2>
        ${list(grants.map(describeGrant), 'None.')}
        <h2>Your accounts at other services</h2>
        ${list(
          accounts.map((account) => describeAccount(account, canConnect)),
          'None.',
        )}
      </form>
      <h2>Last ${maxEvents} actions in your name</h2>
      ${list(events.map(describeEvent), 'None.')}`,
    formAction: [`'self'`],
  })
}
