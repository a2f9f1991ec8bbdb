/** `keyhouse audit verify`: proves an exported trail, or those in the database. */
import { createReadStream, readFileSync } from 'node:fs'

import type { JWK } from 'jose'

import { splitLines } from '../audit/split-lines.js'
import { verifyDatabase, verifyLines, type TrailVerification } from '../audit/verify-trail.js'
import type { Services } from '../context/services.js'
import { listOrganizationIds } from '../database/unscoped-queries.js'
import { CommandError } from './command-error.js'

/** Milliseconds that a key set may take. */
const slowest = 10_000

/** The key set of /.well-known/audit-jwks.json, from there or from a file (RFC 7517 §5). @throws CommandError */
async function keysFrom(source: string): Promise<JWK[]> {
  try {
    const text = /^https?:\/\//i.test(source) ? await download(source) : readFileSync(source, 'utf8')
    const { keys } = JSON.parse(text) as { keys?: unknown }
    if (Array.isArray(keys)) return keys as JWK[]
  } catch (cause) {
    throw new CommandError(`The key set could not be read from ${source}: ${cause instanceof Error ? cause.message : 'unknown fault'}`)
  }
  throw new CommandError(`There is no key set at ${source}.`)
}

async function download(url: string): Promise<string> {
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(slowest) })
  if (!response.ok) throw new CommandError(`it answered ${response.status}`)
  return response.text()
}

const provenOrThrow = (verdict: TrailVerification): Exclude<TrailVerification, { fault: string }> => {
  if ('fault' in verdict) throw new CommandError(verdict.fault)
  return verdict
}

/** The exit code when the chain is whole and nobody knows who signed the checkpoint. */
export const signatureNotChecked = 3

/** What was proved, as a sentence. @throws CommandError naming the first event that does not hold. */
export async function verifyFile(file: string, jwks: string | undefined): Promise<string> {
  const keys = jwks === undefined ? undefined : await keysFrom(jwks)
  const input = createReadStream(file, 'utf8')
  try {
    const { events, organization } = provenOrThrow(await verifyLines(splitLines(input), keys))
    if (keys) return `Proved ${events} events of ${organization}, and the checkpoint is signed.`
    return `The chain of ${events} events of ${organization} is whole, but the signature of the checkpoint was not checked: --jwks checks it, --hashes-only accepts that.`
  } catch (error) {
    throw error instanceof Error && 'syscall' in error ? new CommandError(`${file} cannot be read: ${error.message}`) : error
  } finally {
    input.destroy()
  }
}

/** The same for each organization. @throws CommandError after all were looked at, when one does not hold. */
export async function verifyAll(app: Services): Promise<string[]> {
  const lines: string[] = []
  const faults: string[] = []
  for (const organization of await listOrganizationIds(app.orm)) {
    const verdict = await verifyDatabase(app, organization)
    if ('fault' in verdict) faults.push(`${organization}: ${verdict.fault}`)
    else lines.push(`${organization}: proved ${verdict.events} events.`)
  }
  if (faults.length > 0) throw new CommandError([...lines, ...faults].join('\n'))
  return lines
}
