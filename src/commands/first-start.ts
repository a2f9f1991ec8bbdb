/**
 * First start with SQLite: creates an organization and shows its sandbox key and the admin's LOGIN token once. A terminal gets
 * them on stdout. Otherwise they go to a file of mode 0600, since container logs keep stdout.
 */
import { closeSync, fsyncSync, openSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'

import type { Services } from '../context/services.js'
import { findOrganizations } from '../database/unscoped-queries.js'
import { addSeconds } from '../lib/clock.js'
import { loginTtlSeconds } from '../personal-tokens/issue-personal-token.js'
import { signInTokenTtlSeconds } from '../sign-in/issue-sign-in-token.js'
import { consoleLink } from './console-link.js'
import { bootstrapOrganization } from './organization-create.js'
import { formatColumns, formatCurl } from './output.js'
import { signInByEmail } from './sign-in.js'

const adminEmail = 'admin@localhost.localdomain'
const whoAmI = '{ viewer { kind environment permissions organization { name } project { name } } }'

export const firstStartFile = (services: Services): string => resolve(services.config.dataDir, 'first-start.txt')

/** URL for clients on this machine: not every system can connect to a wildcard address. */
const toLocalUrl = (url: string): string => url.replace(/\/\/(127\.0\.0\.1|0\.0\.0\.0|\[::\])(?=:)/, '//localhost')

export async function announceFirstStart(
  { services, url }: { readonly services: Services; readonly url: string },
  stdout: Pick<NodeJS.WriteStream, 'isTTY' | 'write'>,
): Promise<void> {
  const { config, clock, log } = services
  if (config.databaseUrl !== undefined) return
  scheduleRemoval(services)
  if ((await findOrganizations(services.orm)).length > 0) return
  const { sandboxApiKey, sandboxIssuer, adminToken } = await bootstrapOrganization(services, { name: 'My organization', email: adminEmail })
  const graphql = `${toLocalUrl(url)}/graphql`
  const { signInToken } = await signInByEmail(services, adminEmail, undefined)
  // The session's cookie belongs to the public origin, which a proxy may serve.
  const link = consoleLink(config, config.isUrlSet ? config.url : toLocalUrl(url), signInToken)
  const text = `
${link === undefined ? '' : `Open the console  ${link}  (${signInTokenTtlSeconds / 60} minutes, once)\n\n`}Keyhouse is ready. It created an organization for you. These secrets are shown once:

${formatColumns([
  ['Sandbox API key', sandboxApiKey],
  ["Admin's LOGIN token", adminToken],
])}

The key has every permission that an API key can hold. The token belongs to the admin and is valid for 12 hours. Try the key:

  ${formatCurl(graphql, { query: whoAmI }, sandboxApiKey)}

${formatColumns([
  ...(config.explorer === 'sandbox' ? [['Explore in a browser', graphql] as const] : []),
  ['Issuer of sandbox tokens', sandboxIssuer],
  ['Another key', 'npx keyhouse api-key create'],
  ['Another token', `npx keyhouse sign-in --email ${adminEmail}`],
])}

`
  if (stdout.isTTY) {
    stdout.write(text)
    return
  }
  const file = firstStartFile(services)
  writePrivately(file, text)
  scheduleRemoval(services)
  log.info(
    { file, until: addSeconds(clock(), loginTtlSeconds) },
    'the first API key and LOGIN token are in a file, which is deleted when the token expires',
  )
}

function writePrivately(file: string, text: string): void {
  // An existing file or link could have another owner or mode.
  rmSync(file, { force: true })
  const descriptor = openSync(file, 'wx', 0o600)
  writeFileSync(descriptor, text)
  fsyncSync(descriptor)
  closeSync(descriptor)
}

/** Deletes the file at the expiry of its LOGIN token: now, or by a timer of this process. */
function scheduleRemoval(services: Services): void {
  const file = firstStartFile(services)
  const writtenAt = statSync(file, { throwIfNoEntry: false })?.mtime
  if (writtenAt === undefined) return
  const remainingMs = addSeconds(writtenAt, loginTtlSeconds).getTime() - services.clock().getTime()
  if (remainingMs <= 0) rmSync(file, { force: true })
  else setTimeout(() => rmSync(file, { force: true }), remainingMs).unref()
}
