/** Formats the results of commands as text for people. */
import type { Backup } from './backup.js'
import type { BootstrapResult } from './organization-create.js'
import type { ListedOrganization } from './organization-suspension.js'
import type { SignIn } from './sign-in.js'
import type { Retirement, Rotation } from './signing-key.js'

type Rows = readonly (readonly [name: string, value: string])[]

/** Two aligned columns, one row a line. */
export function formatColumns(rows: Rows): string {
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`).join('\n')
}

/** `2026-05-01 12:00 UTC`. */
export const formatTime = (at: Date): string => `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`

/** A curl command in one line. The request must not contain an apostrophe, which ends the shell's quoting. */
export function formatCurl(url: string, request: { query: string; variables?: object }, credential?: string): string {
  const authorization = credential === undefined ? '' : ` -H 'Authorization: Bearer ${credential}'`
  return `curl -s ${url} -H 'Content-Type: application/json'${authorization} -d '${JSON.stringify(request)}'`
}

const shownOnce = 'These secrets are shown once. Store them now.'

export const formatOrganization = ({ organizationId, projectId, sandboxApiKey, sandboxIssuer, adminToken }: BootstrapResult): string =>
  `${formatColumns([
    ['Organization', organizationId],
    ['Project', projectId],
    ['Issuer of sandbox tokens', sandboxIssuer],
    ['Sandbox API key', sandboxApiKey],
    ["Admin's LOGIN token", adminToken],
  ])}\n\n${shownOnce} The token is valid for 12 hours.`

export const formatOrganizationList = (organizations: readonly ListedOrganization[]): string =>
  organizations.length === 0
    ? 'There is no organization yet: create one with "keyhouse organization create".'
    : formatColumns(
        organizations.map(({ organizationId, name, suspendedAt }) => [
          organizationId,
          suspendedAt === null ? name : `${name} (suspended since ${formatTime(new Date(suspendedAt))})`,
        ]),
      )

export const formatSuspension = ({ organizationId, name, suspendedAt }: ListedOrganization): string =>
  suspendedAt === null
    ? `${name} is active. Its credentials work, unless they were revoked or have expired.`
    : `${name} is suspended: this server refuses all of its credentials. Resume it with "keyhouse organization resume ${organizationId}".
Services that verify tokens offline refuse them at their next poll of the revocation list.`

export const formatApiKey = ({ apiKeyId, secret }: { apiKeyId: string; secret: string }): string =>
  `${formatColumns([
    ['API key', secret],
    ['Its id', apiKeyId],
  ])}\n\nThe key is shown once. Store it now.`

const signInMutation = 'mutation ($input: SignInInput!) { signIn(input: $input) { token userErrors { message } } }'

export const formatSignIn = ({ signInToken, expiresAt, organizationId }: SignIn, url: string): string =>
  `${formatColumns([
    ['Sign-in token', signInToken],
    ['Valid once, until', formatTime(new Date(expiresAt))],
    ['Organization', organizationId],
  ])}\n\nExchange it for a LOGIN token, valid for 12 hours:\n\n  ${formatCurl(url, { query: signInMutation, variables: { input: { signInToken } } })}`

export const formatRotation = ({ current, previous, next }: Rotation): string =>
  `${formatColumns([
    ['Current key', current],
    ['Previous key', previous],
    ['Next key', next],
  ])}\n\nTokens of the previous key stay valid until they expire.`

export const formatRetirement = ({ retired, current, next }: Retirement): string =>
  `${formatColumns([
    ['Withdrawn', retired],
    ['Current key', current],
    ['Next key', next],
  ])}\n\nThis server refuses every token of the retired key, LOGIN tokens included. Create a new one with: npx keyhouse sign-in
Services that cache the key set accept its tokens for up to five minutes.`

export const formatBackup = ({ file, bytes, masterKeyFile }: Backup): string =>
  `${formatColumns([
    ['Copied to', file],
    ['Bytes', String(bytes)],
  ])}\n\nThe copy can be decrypted with the master keys only. Store ${masterKeyFile ?? 'the content of KEYHOUSE_MASTER_KEYS'} too, in another place.`
