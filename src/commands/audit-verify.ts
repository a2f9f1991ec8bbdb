/** `keyhouse audit verify`: verifies an exported audit trail, or every trail in the database. */
import { createReadStream, readFileSync } from 'node:fs'

import type { JWK } from 'jose'

import { splitLines } from '../audit/split-lines.js'
import { verifyStoredTrail, verifyExport, type TrailVerification } from '../audit/verify-trail.js'
import type { Services } from '../context/services.js'
import { listOrganizationIds } from '../database/unscoped-queries.js'
import { CommandError } from './command-error.js'
import { reportTo, showCount, type ProgressStream } from './progress.js'

/** Timeout for the download of a key set, in milliseconds. */
const downloadTimeoutMs = 10_000

/** Reads a key set (RFC 7517 §5) from a URL or a file. @throws CommandError */
async function readKeySet(source: string): Promise<JWK[]> {
  try {
    const text = /^https?:\/\//i.test(source) ? await download(source) : readFileSync(source, 'utf8')
    const { keys } = JSON.parse(text) as { keys?: unknown }
    if (Array.isArray(keys)) return keys as JWK[]
  } catch (cause) {
    throw new CommandError(`The key set could not be read from ${source}: ${cause instanceof Error ? cause.message : 'unknown error'}`)
  }
  throw new CommandError(`${source} has no key set.`)
}

async function download(url: string): Promise<string> {
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(downloadTimeoutMs) })
  if (!response.ok) throw new CommandError(`HTTP status ${response.status}`)
  return response.text()
}

/** @throws CommandError */
const assertVerified = (result: TrailVerification): Exclude<TrailVerification, { issue: string }> => {
  if ('issue' in result) throw new CommandError(result.issue)
  return result
}

/** Exit code when the chain is intact and the checkpoint's signature was not checked. */
export const signatureNotChecked = 3

/** Returns the result as a sentence. @throws CommandError that names the first invalid event */
export async function verifyFile(file: string, jwks: string | undefined, progress: ProgressStream = process.stderr): Promise<string> {
  const keys = jwks === undefined ? undefined : await readKeySet(jwks)
  const input = createReadStream(file, 'utf8')
  try {
    const { events, organization } = assertVerified(await verifyExport(showCount(splitLines(input), 'lines', progress), keys))
    if (keys) return `Proved ${events} events of ${organization}, and the checkpoint is signed.`
    return `The chain of ${events} events of ${organization} is whole, but the signature of the checkpoint was not checked. Check it with --jwks, or accept that with --hashes-only.`
  } catch (error) {
    throw error instanceof Error && 'syscall' in error ? new CommandError(`${file} cannot be read: ${error.message}`) : error
  } finally {
    input.destroy()
  }
}

/** Returns one sentence for each organization. @throws CommandError after all were verified, when any trail is invalid */
export async function verifyAll(services: Services, progress: ProgressStream = process.stderr): Promise<string[]> {
  const lines: string[] = []
  const failures: string[] = []
  const report = progress.isTTY ? reportTo(progress) : undefined
  const organizations = await listOrganizationIds(services.orm)
  for (const organization of organizations) {
    const result = await verifyStoredTrail(services, organization)
    if ('issue' in result) failures.push(`${organization}: ${result.issue}`)
    else lines.push(`${organization}: proved ${result.events} events.`)
    report?.('organizations', lines.length + failures.length, organizations.length)
  }
  if (failures.length > 0) throw new CommandError([...lines, ...failures].join('\n'))
  return lines
}
