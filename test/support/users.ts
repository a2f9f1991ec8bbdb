/** Helpers for tests of users: invitations, personal tokens, and a second application on the same database. */
import { createApp } from '../../src/app.js'
import { readConfig } from '../../src/config/config.js'
import type { MemberRole } from '../../src/entities/enums.js'
import { TestApp } from './app.js'
import type { Payloads } from './results.js'

/** Milliseconds. */
export const second = 1000
export const minute = 60 * second
export const hour = 60 * minute
export const day = 24 * hour

/** ISO timestamp this many milliseconds after the test clock's time. */
export const timestampAfter = (app: TestApp, milliseconds: number): string =>
  new Date(app.clock.now().getTime() + milliseconds).toISOString()

export interface CreatedToken {
  readonly id: string
  readonly token: string
}

/** Creates a personal token through the API. @throws Error if it is refused */
export async function createPersonalToken(app: TestApp, by: string, input: object): Promise<CreatedToken> {
  const { personalToken, token, userErrors } = await app.mutate(by, 'createPersonalToken', input, 'token personalToken { id }')
  if (userErrors.length > 0) throw new Error(JSON.stringify(userErrors))
  return { id: personalToken.id, token }
}

/** Code of the first user error. */
export const firstErrorCode = (payload: { userErrors: { code: string }[] }): string | undefined => payload.userErrors[0]?.code

export interface CreatedInvitation {
  readonly id: string
  readonly invitationToken: string
}

let names = 0
export const uniqueEmail = (): string => `Guest-${++names}@Example.com`

export async function invite(
  app: TestApp,
  by: string,
  input: { email?: string; role?: MemberRole; projectIds?: string[] | null } = {},
): Promise<CreatedInvitation> {
  const fullInput = { email: uniqueEmail(), role: 'MEMBER', ...input }
  const { invitation, invitationToken, userErrors } = await app.mutate(by, 'inviteMember', fullInput, 'invitationToken invitation { id }')
  if (userErrors.length > 0) throw new Error(JSON.stringify(userErrors))
  return { id: invitation.id, invitationToken: invitationToken }
}

export const acceptInvitation = (app: TestApp, invitationToken: string, name = 'Grace'): Promise<Payloads['acceptInvitation']> =>
  app.mutate(null, 'acceptInvitation', { invitationToken, name }, 'token personalToken { id type expiresAt user { id email name } }')

/** Tells whether the credential authenticates now. */
export async function isAccepted(app: TestApp, credential: string): Promise<boolean> {
  return (await app.run(credential, '{ viewer { kind } }')).status === 200
}

/** Starts a second application on the same database, as another process would; they share only the clock and the log. */
export async function startReplica(app: TestApp): Promise<TestApp> {
  const env = { ...app.env, PORT: '0' }
  const config = readConfig(env)
  const other = await createApp(config, { clock: app.clock.now, log: app.services.log })
  return new TestApp(other, config, app.clock, env, [], () => other.close())
}
