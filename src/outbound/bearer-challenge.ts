/** Challenge of a protected resource in `WWW-Authenticate` (RFC 6750 §3, RFC 9728 §5.1), as the OAuth library parses it. */
import { processRevocationResponse, WWWAuthenticateChallengeError, type WWWAuthenticateChallengeParameters } from 'oauth4webapi'

import { maxHeaderLength } from './outbound-fetch.js'

export type BearerChallenge = WWWAuthenticateChallengeParameters

/** Parameters of the first Bearer challenge; empty without one, and for one that is too long. */
export async function readBearerChallenge(header: string | undefined): Promise<BearerChallenge> {
  if (header === undefined || header.length > maxHeaderLength) return {}
  try {
    // The library parses challenges only where it expects another response.
    await processRevocationResponse(new Response(null, { status: 401, headers: { 'www-authenticate': header } }))
  } catch (error) {
    if (error instanceof WWWAuthenticateChallengeError) return error.cause.find(({ scheme }) => scheme === 'bearer')?.parameters ?? {}
  }
  return {}
}
