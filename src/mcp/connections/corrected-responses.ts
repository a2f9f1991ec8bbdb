/** Responses of authorization servers in the form that the library insists on, without members that Keyhouse does not use. */

type Members = Partial<Record<string, string | number | boolean>>

/** Members that are texts, numbers or booleans: others could be nested deeper than JSON can be written. Undefined for no JSON object. */
async function readMembers(response: Response, names: readonly string[]): Promise<Members | undefined> {
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => null)
  if (typeof body !== 'object' || body === null) return undefined
  const entries = names.map((name) => [name, Reflect.get(body, name) as unknown] as const)
  return Object.fromEntries(entries.filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))) as Members
}

/** RFC 7591 §3.2.1 requires `client_secret_expires_at` beside a secret. Servers that leave it out mean one that does not expire. */
export async function correctRegistration(response: Response): Promise<Response> {
  const { status, headers } = response
  const members = status === 201 ? await readMembers(response, ['client_id', 'client_secret', 'client_secret_expires_at']) : undefined
  return members ? new Response(JSON.stringify({ client_secret_expires_at: 0, ...members }), { status, headers }) : response
}

/** RFC 6749 §5.2: an error has the status 400. GitHub sends it with 200. An ID token is not read. */
export async function correctTokens(response: Response): Promise<Response> {
  const { status, headers } = response
  const names = ['access_token', 'token_type', 'expires_in', 'refresh_token', 'scope', 'error']
  const members = status === 200 ? await readMembers(response, names) : undefined
  if (!members) return response
  const isError = members['error'] !== undefined && members['access_token'] === undefined
  return new Response(JSON.stringify(members), { status: isError ? 400 : 200, headers })
}
