/** Responses that well-known authorization servers give in breach of OAuth, put right for the library, which insists on it. */
import { isJsonObject, type JsonObject } from '../../lib/json/json-rpc.js'

/** @param correct body and status to read in its place; undefined where the response is right */
async function correctResponse(
  response: Response,
  correct: (body: JsonObject) => { readonly body: JsonObject; readonly status: number } | undefined,
): Promise<Response> {
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => null)
  const corrected = isJsonObject(body) ? correct(body) : undefined
  return corrected ? new Response(JSON.stringify(corrected.body), { status: corrected.status, headers: response.headers }) : response
}

/** RFC 7591 §3.2.1 requires `client_secret_expires_at` beside a secret. Servers that leave it out mean one that does not expire. */
export const withSecretExpiry = (response: Response): Promise<Response> =>
  correctResponse(response, (body) =>
    'client_secret' in body && !('client_secret_expires_at' in body)
      ? { body: { ...body, client_secret_expires_at: 0 }, status: response.status }
      : undefined,
  )

/** RFC 6749 §5.2: an error has the status 400. GitHub sends it with 200. */
export const withErrorStatus = (response: Response): Promise<Response> =>
  correctResponse(response, (body) =>
    response.status === 200 && typeof body['error'] === 'string' && !('access_token' in body) ? { body, status: 400 } : undefined,
  )
