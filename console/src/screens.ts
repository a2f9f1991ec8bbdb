/** The screens: path, title, place in the sidebar, and the permission that reading it needs. */
import { lazy } from 'react'
import type { ComponentType } from 'react'

import type { IconName } from './parts/icons.js'

/** Props of a screen: the parameters of its path. */
export type ScreenProps = { readonly params: Readonly<Record<string, string>> }

export interface Screen {
  readonly path: string
  /** Pattern of the route, if the path alone is not all of it. */
  readonly route?: string
  /** Title in the sidebar and the palette; null for details and forms. */
  readonly title: string | null
  readonly group?: 'Access' | 'MCP' | 'Insight' | 'Organization'
  readonly icon?: IconName
  /** Without this permission the screen is not in the sidebar. */
  readonly permission?: string
  /** Second key of the shortcut `g` and this letter. */
  readonly shortcut?: string
  readonly component: ComponentType<ScreenProps>
}

const load = (module: () => Promise<ComponentType<ScreenProps>>): ComponentType<ScreenProps> =>
  lazy(async () => ({ default: await module() }))

/** In the order of the sidebar; a literal path stands before a path with parameters. */
export const screens: readonly Screen[] = [
  {
    path: '/',
    title: 'Overview',
    icon: 'overview',
    shortcut: 'o',
    component: load(async () => (await import('./screens/overview.js')).Overview),
  },
  {
    path: '/keys',
    title: 'API keys',
    group: 'Access',
    icon: 'key',
    permission: 'api_key:read',
    shortcut: 'k',
    component: load(async () => (await import('./screens/keys.js')).Keys),
  },
  { path: '/keys/new', title: null, component: load(async () => (await import('./screens/new-key.js')).NewKey) },
  { path: '/keys/:id/edit', title: null, component: load(async () => (await import('./screens/edit-key.js')).EditKey) },
  { path: '/keys/:id', title: null, component: load(async () => (await import('./screens/key.js')).Key) },
  {
    path: '/tokens',
    title: 'Access tokens',
    group: 'Access',
    icon: 'token',
    permission: 'access_token:read',
    shortcut: 'x',
    component: load(async () => (await import('./screens/tokens.js')).Tokens),
  },
  {
    path: '/end-users',
    title: 'End users',
    group: 'Access',
    icon: 'user',
    permission: 'end_user:read',
    shortcut: 'e',
    component: load(async () => (await import('./screens/end-users.js')).EndUsers),
  },
  { path: '/end-users/:id', title: null, component: load(async () => (await import('./screens/end-user.js')).EndUser) },
  {
    path: '/oauth',
    title: 'OAuth',
    group: 'Access',
    icon: 'oauth',
    permission: 'oauth_grant:read',
    shortcut: 'h',
    component: load(async () => (await import('./screens/oauth.js')).OAuth),
  },
  {
    path: '/oauth/configurations/new',
    title: null,
    component: load(async () => (await import('./screens/edit-oauth.js')).NewOAuth),
  },
  {
    path: '/oauth/configurations/:id',
    title: null,
    component: load(async () => (await import('./screens/edit-oauth.js')).EditOAuth),
  },
  {
    path: '/oauth/clients',
    title: null,
    permission: 'mcp_oauth_client:read',
    component: load(async () => (await import('./screens/oauth-clients.js')).OAuthClients),
  },
  {
    path: '/servers',
    title: 'MCP servers',
    group: 'MCP',
    icon: 'server',
    permission: 'mcp_server:read',
    shortcut: 'v',
    component: load(async () => (await import('./screens/servers.js')).Servers),
  },
  { path: '/servers/new', title: null, component: load(async () => (await import('./screens/new-server.js')).NewServer) },
  { path: '/servers/:id/edit', title: null, component: load(async () => (await import('./screens/edit-server.js')).EditServer) },
  { path: '/servers/:id', title: null, component: load(async () => (await import('./screens/server.js')).Server) },
  {
    path: '/approvals',
    // One route, so that opening a call keeps the rows of the list where they are.
    route: '/approvals/:id?',
    title: 'Approvals',
    group: 'MCP',
    icon: 'approvals',
    permission: 'mcp_approval:read',
    shortcut: 'a',
    component: load(async () => (await import('./screens/approvals.js')).Approvals),
  },
  {
    path: '/audit',
    title: 'Audit trail',
    group: 'Insight',
    icon: 'audit',
    permission: 'audit_event:read',
    shortcut: 't',
    component: load(async () => (await import('./screens/audit.js')).Audit),
  },
  {
    path: '/usage',
    title: 'Usage',
    group: 'Insight',
    icon: 'usage',
    permission: 'usage:read',
    shortcut: 'u',
    component: load(async () => (await import('./screens/usage.js')).Usage),
  },
  {
    path: '/people',
    title: 'People',
    group: 'Organization',
    icon: 'people',
    permission: 'member:read',
    shortcut: 'p',
    component: load(async () => (await import('./screens/people.js')).People),
  },
  { path: '/people/invite', title: null, component: load(async () => (await import('./screens/invite.js')).Invite) },
  {
    path: '/settings',
    title: 'Settings',
    group: 'Organization',
    icon: 'settings',
    permission: 'organization:read',
    shortcut: 's',
    component: load(async () => (await import('./screens/settings.js')).Settings),
  },
  {
    path: '/me',
    title: 'You',
    group: 'Organization',
    icon: 'me',
    shortcut: 'm',
    component: load(async () => (await import('./screens/me.js')).Me),
  },
  { path: '/me/tokens/new', title: null, component: load(async () => (await import('./screens/new-personal-token.js')).NewPersonalToken) },
]
