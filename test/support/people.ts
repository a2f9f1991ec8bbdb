/** People as tests need them: invited, minting tokens, in several processes, and what the trail says of them. */
import { createApp } from '../../src/app.js'
import { readConfig } from '../../src/config/config.js'
import { AuditEvent } from '../../src/entities/audit-event.js'
import type { MemberRole } from '../../src/entities/enums.js'
import { PersonalToken } from '../../src/entities/personal-token.js'
import { TestApp } from './app.js'
import type { SeededOrganization } from './seed.js'

/** Milliseconds. */
export const second = 1000
export const minute = 60 * second
export const hour = 60 * minute
export const day = 24 * hour

export const later = (app: TestApp, milliseconds: number): string => new Date(app.clock.now().getTime() + milliseconds).toISOString()

export interface Minted {
  readonly id: string
  readonly token: string
}

/** A personal token by the API; fails when it is refused. */
export async function mint(app: TestApp, by: string, input: object): Promise<Minted> {
  const { personalToken, token, userErrors } = await app.mutate(by, 'createPersonalToken', input, 'token personalToken { id }')
  if (userErrors.length > 0) throw new Error(JSON.stringify(userErrors))
  return { id: personalToken.id, token }
}

export const refusalOf = (payload: { userErrors: { code: string }[] }): string | undefined => payload.userErrors[0]?.code

export interface Invited {
  readonly id: string
  readonly text: string
}

let names = 0
export const newEmail = (): string => `Guest-${++names}@Example.com`

export async function invite(
  app: TestApp,
  by: string,
  input: { email?: string; role?: MemberRole; projectIds?: string[] | null } = {},
): Promise<Invited> {
  const whole = { email: newEmail(), role: 'MEMBER', ...input }
  const { invitation, invitationToken, userErrors } = await app.mutate(by, 'inviteMember', whole, 'invitationToken invitation { id }')
  if (userErrors.length > 0) throw new Error(JSON.stringify(userErrors))
  return { id: invitation.id, text: invitationToken }
}

export const accept = (app: TestApp, invitationToken: string, name = 'Grace'): Promise<any> =>
  app.mutate(null, 'acceptInvitation', { invitationToken, name }, 'token personalToken { id type expiresAt user { id email name } }')

/** Whether the credential is believed at this moment. */
export async function works(app: TestApp, credential: string): Promise<boolean> {
  return (await app.run(credential, '{ viewer { kind } }')).status === 200
}

/** The trail of an organization, oldest first. */
export function eventsOf({ app, id }: SeededOrganization): Promise<AuditEvent[]> {
  const unscoped = { filters: { tenant: false }, orderBy: { seq: 'ASC' } } as const
  return app.services.orm.em.fork().find(AuditEvent, { organizationId: id }, unscoped)
}

export function tokenRow({ app }: SeededOrganization, id: string): Promise<PersonalToken> {
  return app.services.orm.em.fork().findOneOrFail(PersonalToken, { id }, { filters: { tenant: false } })
}

/** Another process on the same database, as far as one process can be another: all it shares is the clock. */
export async function anotherProcess(app: TestApp): Promise<TestApp> {
  const env = { ...app.env, PORT: '0' }
  const config = readConfig(env)
  const other = await createApp(config, { clock: app.clock.now, log: app.services.log })
  return new TestApp(other, config, app.clock, env, [], () => other.close())
}

/** Polls until it holds: for what happens by a timer of its own. */
export async function eventually(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20))
}
