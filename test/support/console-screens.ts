/**
 * Test table with a row for every screen of the console: the operations behind what it shows and lets a person do.
 *
 * A new screen, section or button needs a row or a member here; roles.test.ts fails while one is missing.
 */

/** By name: of an operation of the schema. */
type Operations = Readonly<Record<string, string>>

export interface ScreenRow {
  /** As in console/src/screens.ts. */
  readonly path: string
  /** Rest of the address: a query, or the parameter of a screen with several. */
  readonly rest?: string
  /** Query of the object or the list that the screen shows. */
  readonly reads?: string
  /** Headings and lists, which are shown if the server answers their query. */
  readonly sections?: Operations
  /** Buttons, links that look like them, and items of menus. */
  readonly controls?: Operations
  /** Those that are there only with an object: of a detail screen, or in a row of a list. */
  readonly rowControls?: Operations
  /** Operation on an object of the same project, where those of `rowControls` are refused before the object is looked for. */
  readonly rowsLike?: string
}

const lists = { Members: 'members', Invitations: 'invitations', 'Personal tokens': 'organizationTokens' }

export const screenRows: readonly ScreenRow[] = [
  {
    path: '/',
    sections: {
      'Waiting approvals': 'mcpToolApprovals',
      'Requests in 24 hours': 'usage',
      'API keys': 'apiKeys',
      'Latest refusals': 'auditEvents',
    },
  },
  { path: '/keys', reads: 'apiKeys', controls: { 'New key': 'createApiKey' } },
  { path: '/keys/new', controls: { 'Create key': 'createApiKey' } },
  { path: '/keys/:id/edit', reads: 'apiKey', rowControls: { Save: 'updateApiKey' } },
  {
    path: '/keys/:id',
    reads: 'apiKey',
    sections: { Key: 'apiKey', 'Access tokens': 'accessTokens', 'Audit events': 'auditEvents' },
    rowControls: { Edit: 'updateApiKey', Rotate: 'rotateApiKey', Suspend: 'suspendApiKey', Revoke: 'revokeApiKey' },
  },
  {
    path: '/tokens',
    reads: 'accessTokens',
    sections: { 'Check a token or key': 'viewer' },
    controls: { Check: 'verifyApiKey' },
    rowControls: { Revoke: 'revokeAccessToken' },
  },
  { path: '/end-users', reads: 'endUsers' },
  {
    path: '/end-users/:id',
    reads: 'node',
    sections: {
      'End user': 'node',
      'Access tokens': 'accessTokens',
      'OAuth grants': 'oauthGrants',
      Credentials: 'mcpCredentials',
      'Own MCP servers': 'mcpServers',
      'Audit events': 'auditEvents',
    },
    rowControls: { Forget: 'forgetEndUser', Revoke: 'revokeMcpCredential' },
  },
  {
    path: '/oauth',
    reads: 'oauthGrants',
    sections: { Configurations: 'oauthConfigurations', Grants: 'oauthGrants' },
    controls: { 'Clients of Keyhouse': 'mcpOAuthClients', 'Configure OAuth': 'setOAuthConfiguration' },
    rowControls: { Edit: 'setOAuthConfiguration', Delete: 'deleteOAuthConfiguration' },
    rowsLike: 'updateApiKey',
  },
  { path: '/oauth/configurations/new', controls: { Save: 'setOAuthConfiguration' } },
  {
    path: '/oauth/configurations/:id',
    reads: 'oauthConfigurations',
    rowControls: { Save: 'setOAuthConfiguration' },
    rowsLike: 'updateApiKey',
  },
  {
    path: '/oauth/clients',
    reads: 'mcpOAuthClients',
    controls: { 'Add client': 'createMcpOAuthClient' },
    rowControls: { 'Replace secret': 'updateMcpOAuthClient', Delete: 'deleteMcpOAuthClient' },
  },
  { path: '/servers', reads: 'mcpServers', controls: { 'Register server': 'createMcpServer' } },
  { path: '/servers/new', controls: { Register: 'createMcpServer' } },
  { path: '/servers/:id/edit', reads: 'mcpServer', rowControls: { Save: 'updateMcpServer' } },
  {
    path: '/servers/:id',
    reads: 'mcpServer',
    sections: {
      Server: 'mcpServer',
      'Connect an agent': 'mcpServer',
      Tools: 'mcpServer',
      'Approval policy': 'mcpServer',
      Credentials: 'mcpCredentials',
      'OAuth grants': 'oauthGrants',
    },
    rowControls: {
      Edit: 'updateMcpServer',
      Delete: 'deleteMcpServer',
      Test: 'testMcpServer',
      'Save tools': 'updateMcpServer',
      'Save policy': 'updateMcpServer',
      'Store credential': 'createMcpCredential',
      'Replace value': 'updateMcpCredential',
      'Share with end users': 'updateMcpServer',
      Revoke: 'revokeMcpCredential',
    },
  },
  { path: '/approvals', reads: 'mcpToolApprovals', sections: { Pending: 'mcpToolApprovals' } },
  {
    path: '/approvals',
    rest: '/:id',
    reads: 'mcpToolApprovals',
    sections: { Pending: 'mcpToolApprovals', 'Tool call': 'node' },
    rowControls: { 'Approve once': 'decideMcpToolCall', Deny: 'decideMcpToolCall' },
  },
  { path: '/audit', reads: 'auditEvents', controls: { 'Export JSONL': 'auditEvents' } },
  { path: '/usage', reads: 'usage', sections: { 'By API key': 'usage' } },
  {
    path: '/people',
    reads: 'members',
    sections: lists,
    controls: { Invite: 'inviteMember' },
    rowControls: { 'Change role and projects': 'updateMember', 'Create sign-in link': 'createSignInToken', Remove: 'removeMember' },
  },
  {
    path: '/people',
    rest: '?list=invitations',
    reads: 'invitations',
    sections: lists,
    controls: { Invite: 'inviteMember' },
    rowControls: { Revoke: 'revokeInvitation' },
  },
  {
    path: '/people',
    rest: '?list=tokens',
    reads: 'organizationTokens',
    sections: lists,
    controls: { Invite: 'inviteMember' },
    rowControls: { Revoke: 'revokeOrganizationToken' },
  },
  { path: '/people/invite', controls: { Invite: 'inviteMember' } },
  {
    path: '/settings',
    reads: 'organization',
    sections: { Organization: 'organization', Projects: 'projects', 'Signing keys': 'signingKeys', 'URLs and commands': 'organization' },
    controls: { Save: 'updateOrganization', 'New project': 'createProject' },
    rowControls: { Rename: 'updateProject', 'Reset sandbox': 'resetSandbox' },
  },
  {
    path: '/me',
    sections: {
      Profile: 'viewer',
      'Personal API tokens': 'viewer',
      'Sign-ins': 'viewer',
      'This browser': 'viewer',
      'Sign out everywhere': 'viewer',
    },
    controls: { Save: 'updateViewer' },
  },
  { path: '/me/tokens/new' },
]

/** Controls that need no permission: those of the own account, and those that change only the page. */
export const freeControls: ReadonlySet<string> = new Set([
  'Actions',
  'Add Token',
  'Add rate limit',
  'Add',
  'Ask me first',
  'CSV',
  'Cancel',
  'Close',
  'Connect an account',
  'Copy',
  'Create',
  'Not this tool',
  'Show redirect URI',
  'Revoke all and sign out',
  'Turn on notifications',
  'Wrong arguments',
])

/** Headings in place of an empty list, and those with a number. */
export const freeSections = /^(Never used|No .*|Nothing in this time|OAuth is not configured)\.$|requests, .* refused$/

/** What a screen shows. */
export interface Shown {
  readonly sections: readonly string[]
  /** Controls with the reason why they are disabled, if it is a matter of access. */
  readonly controls: Readonly<Record<string, string | null>>
}

/** Script that reads the screen; null while it loads. Items of a menu say in their label what they need. */
export const readScreen = (links: readonly string[]): string => `(() => {
  const main = document.querySelector('main')
  if (!main.querySelector('h1') || main.querySelector('[aria-label=Loading]')) return null
  const text = (element) => element?.textContent.trim() ?? ''
  const isLink = (element) => element.matches('a') && ${JSON.stringify(links)}.includes(text(element))
  const controls = {}
  for (const element of main.querySelectorAll('a, [role=menuitem], button:not(th button)')) {
    if (element.matches('a') && !isLink(element)) continue
    const inMenu = element.querySelector('small')
    const reason = text(inMenu ?? element.parentElement.querySelector(':scope > [role=tooltip]'))
    const name = element.getAttribute('aria-label') ?? text(element).slice(0, inMenu ? -reason.length : undefined)
    controls[name] = /^(Needs|You have no project)/.test(reason) ? reason : null
  }
  return { sections: [...main.querySelectorAll('h2, nav[aria-label="Lists of people"] a')].map(text), controls }
})()`
