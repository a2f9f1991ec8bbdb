/**
 * `/github/secret-scanning`: revokes the API keys that GitHub found in public, in the form of its secret scanning partner program
 * (https://docs.github.com/en/code-security/secret-scanning/secret-scanning-partner-program).
 */
import { setImmediate } from 'node:timers/promises'

import type { FastifyError, FastifyInstance, FastifyRequest } from 'fastify'

import { revokeLeakedApiKey } from '../api-keys/revoke-leaked-api-key.js'
import { Context } from '../context/context.js'
import type { Services } from '../context/services.js'
import { clientAddress } from '../http/client-address.js'
import { throttleUnknownCredentials } from '../http/rate-limits.js'
import { sha256 } from '../lib/crypto/digest.js'
import { verifyP256 } from '../lib/crypto/p256-key.js'
import { missingCredential, RequestError, UnknownCredentialError } from '../lib/errors.js'
import { createRedactor, redactionText } from '../lib/redact/redact.js'
import { Secret } from '../lib/secret.js'
import { createGithubKeys, type GithubKeys } from './github-keys.js'

/** GitHub sends many matches in one report. */
const maxReportBytes = 1_048_576
const maxDetailLength = 2048

interface Match {
  readonly token: string
  readonly type: string
  readonly url?: unknown
  readonly source?: unknown
}

/** Feedback about one match. The digest stands for the token, so that no response repeats a secret. */
interface Feedback {
  readonly token_hash: string
  readonly token_type: string
  readonly label: 'true_positive' | 'false_positive'
}

function parseReport(body: Buffer): readonly Match[] {
  try {
    const matches: unknown = JSON.parse(body.toString())
    if (
      Array.isArray(matches) &&
      matches.every((match) => typeof match?.token === 'string' && match.token !== '' && typeof match.type === 'string')
    )
      return matches as Match[]
  } catch {
    // Refused below, as any other text.
  }
  throw new RequestError('BAD_REQUEST', 'The report must be a JSON array of objects with "token", "type", "url" and "source".')
}

/** @throws RequestError UNAUTHENTICATED, or RATE_LIMITED after too many failures of the address */
async function assertSigned(services: Services, keys: GithubKeys, request: FastifyRequest, body: Buffer): Promise<void> {
  const { 'github-public-key-identifier': identifier, 'github-public-key-signature': signature } = request.headers
  for (const key of await keys(String(identifier))) if (verifyP256(key, body, String(signature))) return
  const error = new UnknownCredentialError('The signature of the report is not one of GitHub. Check KEYHOUSE_GITHUB_SECRET_SCANNING_KEYS.')
  throttleUnknownCredentials(services, error, clientAddress(request) ?? '')
  throw error
}

/** Details of the audit event. The URL may contain the secret, and JSON may hold characters that no database stores. */
function describeFind({ token, url, source }: Match): Record<string, string> {
  const { line: redact } = createRedactor([token])
  const clean = (text: string): string => {
    // Room for one more secret, percent-encoded, so that the first cut leaves no part of one.
    const start = text.slice(0, maxDetailLength + 3 * token.length)
    return redact(start.replaceAll(token, redactionText)).replaceAll('\0', '').slice(0, maxDetailLength).toWellFormed()
  }
  return {
    reportedBy: 'github',
    ...(typeof url === 'string' ? { url: clean(url) } : {}),
    ...(typeof source === 'string' ? { source: clean(source) } : {}),
  }
}

export async function registerSecretScanning(server: FastifyInstance, services: Services): Promise<void> {
  if (!services.config.secretScanningKeys) return
  const keys = createGithubKeys(services)

  const handle = async (request: FastifyRequest): Promise<readonly Feedback[]> => {
    const body = request.body as Buffer
    await assertSigned(services, keys, request, body)
    const origin = { requestId: request.id, ipAddress: clientAddress(request) }
    const ctx = new Context(services, origin, null, () => Promise.reject(missingCredential()))
    const feedback: Feedback[] = []
    for (const match of parseReport(body)) {
      const isKnown = await revokeLeakedApiKey(ctx, new Secret(match.token), describeFind(match))
      feedback.push({ token_hash: sha256(match.token), token_type: match.type, label: isKnown ? 'true_positive' : 'false_positive' })
      // SQLite resolves in microtasks, so a long report would block the event loop.
      await setImmediate()
    }
    return feedback
  }

  await server.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers()
    // The signature covers the bytes as sent.
    scope.addContentTypeParser('application/json', { parseAs: 'buffer', bodyLimit: maxReportBytes }, (_request, body, parsed) =>
      parsed(null, body),
    )
    scope.setErrorHandler((error) => {
      if ((error as Partial<FastifyError>).code !== 'FST_ERR_CTP_BODY_TOO_LARGE') throw error
      throw new RequestError('PAYLOAD_TOO_LARGE', `The report must have at most ${maxReportBytes} bytes.`)
    })
    scope.post('/github/secret-scanning', {
      // Refuse unsigned reports before reading the body.
      onRequest: (request, _reply, next) => {
        const { headers } = request
        const isSigned = headers['github-public-key-identifier'] !== undefined && headers['github-public-key-signature'] !== undefined
        next(
          isSigned
            ? undefined
            : new RequestError(
                'BAD_REQUEST',
                'The report is not signed. Send Github-Public-Key-Identifier and Github-Public-Key-Signature.',
              ),
        )
      },
      handler: handle,
    })
    done()
  })
}
