/** Audit events of every mutation: exactly one, allowed or refused; a failed mutation leaves no trace of its change. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { getAction, type Action } from '../src/access/actions.js'
import { permissions } from '../src/access/permission-definitions.js'
import { systemContext, type Context } from '../src/context/context.js'
import { perform } from '../src/context/perform.js'
import { ApiKey } from '../src/entities/api-key.js'
import { AuditEvent } from '../src/entities/audit-event.js'
import { invalidState } from '../src/lib/errors.js'
import { deriveEndUserId } from '../src/lib/external-id.js'
import { newId } from '../src/lib/id.js'
import { buildSchema } from '../src/schema.js'
import { startApp, type TestApp } from './support/app.js'
import { Callers, callerEndUser, type Caller } from './support/callers.js'
import { mutations, type CallerName } from './support/operations.js'
import type { AnyPayload } from './support/results.js'
import type { SeededKey, SeededOrganization } from './support/seed.js'

let app: TestApp
let callers: Callers
let acme: SeededOrganization
let weak: SeededKey
beforeAll(async () => {
  app = await startApp()
  callers = await Callers.create(app)
  acme = callers.acme
  weak = await acme.apiKey()
})
afterAll(() => app.close())

/** They only ask, and are mutations so that a secret never travels in a URL: an event only for who may not ask. */
const questions = new Set(['verifyApiKey', 'introspectToken'])
/** Whoever bears the token that they take acts. */
const bearers = new Set(['signIn', 'acceptInvitation'])
/** Possession of the secret is the authorization, and nobody is the actor. */
const anonymous = new Set(['reportLeakedApiKey'])

/** It needs a foreign server and a browser: test/oauth/connect.test.ts. */
const connecting = new Set(['startMcpConnection'])

const em = (): Context['em'] => acme.em
const newest = async (): Promise<AuditEvent | undefined> =>
  (await em().find(AuditEvent, { seq: { $gt: 0 } }, { orderBy: { seq: 'DESC' }, limit: 1 }))[0]

interface Done {
  readonly callerId: string | null
  readonly variables: object
  readonly payload: AnyPayload
  /** What the mutation left in the trail. */
  readonly events: readonly AuditEvent[]
}

async function run(field: string, name: CallerName): Promise<Done> {
  const { document, permission, variables: make } = mutations[field]!
  const caller = (await callers.named(name, permission))!
  const variables = await make(caller.scope)
  const callerId = await idOf(caller)
  const last = (await newest())?.seq ?? 0
  const answer = await app.run<Record<string, AnyPayload>>(caller.credential, document, variables, caller.headers)
  if (answer.errors) throw new Error(answer.text)
  const events = await em().find(AuditEvent, { seq: { $gt: last } }, { orderBy: { seq: 'ASC' } })
  return { callerId, variables, payload: answer.data[field]!, events }
}

async function idOf({ credential }: Caller): Promise<string> {
  const { data } = await app.run(credential, '{ viewer { apiKey { id } user { id } } }')
  return data.viewer.apiKey?.id ?? data.viewer.user.id
}
const codes = ({ payload }: Done): string[] => payload.userErrors.map(({ code }: { code: string }) => code)

const fields = Object.keys(buildSchema().getMutationType()!.getFields())
const isForKeys = (field: string): boolean => {
  const { permission, callers: kinds } = mutations[field]!
  return kinds !== 'people' && (permission === null || permissions[permission].grantableToApiKey)
}

/** Whom it was done for: the token that is exchanged is an end user's; nobody's is what the rest of them do for themselves. */
function forWhom(variables: object): string | null {
  const { input } = variables as { input?: { audience?: string; externalUserId?: string } }
  return input?.externalUserId === undefined ? null : deriveEndUserId(acme.id, acme.projectId, 'SANDBOX', input.externalUserId)
}

describe('every mutation', () => {
  test.each(fields.filter((field) => !connecting.has(field)))('%s leaves one event when it is allowed', async (field) => {
    const done = await run(field, isForKeys(field) ? 'sandbox key with *' : 'ADMIN')
    expect(codes(done)).toEqual([])
    if (questions.has(field)) return expect(done.events).toEqual([])
    const [event, ...others] = done.events
    expect(others).toEqual([])
    expect(event).toMatchObject({ outcome: 'ALLOWED', endUserId: forWhom(done.variables), organizationId: acme.id })
    if (anonymous.has(field)) return expect(event!.actorId).toBeNull()
    if (bearers.has(field)) return expect(event!.actorId).not.toBeNull()
    expect(event!.actorId).toBe(done.callerId)
    expect(getAction(event!.action as Action).permission).toBe(mutations[field]!.permission)
    // What it is about is named by who asked, or made by it.
    const named = JSON.stringify([done.variables, done.payload, acme.projectId, event!.actorId, event!.details])
    if (event!.subjectId !== null) expect(named).toContain(event!.subjectId)
  })

  const refusable = fields.filter(
    (field) => mutations[field]!.callers !== 'anyone' && (mutations[field]!.permission ?? mutations[field]!.callers),
  )
  test.each(refusable)('%s leaves one event when it is refused', async (field) => {
    const done = await run(field, mutations[field]!.callers === 'keys' ? 'ADMIN' : 'sandbox key with nothing')
    expect(codes(done)).toEqual(['FORBIDDEN'])
    expect(done.events).toEqual([
      expect.objectContaining({ outcome: 'DENIED', actorId: done.callerId, endUserId: null, details: { code: 'FORBIDDEN' } }),
    ])
    // What was not made has no id that anybody could look for.
    const { subjectId } = done.events[0]!
    const { input } = done.variables as { input?: { externalId?: string } }
    const named = [
      done.variables,
      acme.id,
      acme.projectId,
      done.callerId,
      deriveEndUserId(acme.id, acme.projectId, 'SANDBOX', input?.externalId ?? ''),
    ]
    if (subjectId !== null) expect(JSON.stringify(named)).toContain(subjectId)
    expect([acme.projectId, null]).toContain(done.events[0]!.projectId)
  })

  const delegable = fields.filter((field) => mutations[field]!.callers !== 'anyone' && mutations[field]!.callers !== 'people')
  test.each(delegable)('%s names the end user for whom it was done or refused', async (field) => {
    const done = await run(field, 'key with * for an end user')
    const outcome = codes(done).length === 0 ? 'ALLOWED' : 'DENIED'
    const endUser = deriveEndUserId(acme.id, acme.projectId, 'SANDBOX', callerEndUser)
    const expected = questions.has(field) && outcome === 'ALLOWED' ? [] : [[outcome, done.callerId, endUser]]
    expect(done.events.map((event) => [event.outcome, event.actorId, event.endUserId])).toEqual(expected)
  })
})

describe('a refusal', () => {
  test('of the input leaves one event with its code', async () => {
    const last = (await newest())!.seq
    const { userErrors } = await app.mutate(acme.sandboxKey, 'createApiKey', { label: '' }, 'apiKey { id }')
    expect(userErrors[0]!.code).toBe('INVALID')
    const events = await em().find(AuditEvent, { seq: { $gt: last } })
    expect(events.map(({ action, outcome, details }) => [action, outcome, details])).toEqual([
      ['api_key:create', 'DENIED', { code: 'INVALID' }],
    ])
  })

  test('of a used sign-in token leaves one event, of an unknown one none', async () => {
    const signIn = async (signInToken: string): Promise<AuditEvent[]> => {
      const last = (await newest())!.seq
      await app.mutate(null, 'signIn', { signInToken }, 'token')
      return em().find(AuditEvent, { seq: { $gt: last } })
    }
    const token = await acme.signInToken()
    expect((await signIn(token)).map(({ outcome }) => outcome)).toEqual(['ALLOWED'])
    expect((await signIn(token)).map(({ outcome, details }) => [outcome, details])).toEqual([['DENIED', { code: 'INVALID_STATE' }]])
    expect(await signIn('kh_signin_none')).toEqual([])
  })
})

describe('a change that fails partway', () => {
  const half = (end: () => void): Promise<unknown> =>
    perform(systemContext(app.services, acme.id), 'api_key:revoke', async ({ em: own, now, permit, addDetails }) => {
      const apiKey = await own.findOneOrFail(ApiKey, { id: weak.id })
      permit(apiKey)
      apiKey.revoke(null, now)
      await own.flush()
      addDetails({ id: newId('x', now) })
      end()
    })
  const outcome = async (): Promise<unknown> => ({ seq: (await newest())?.seq, revokedAt: (await acme.keyRow(weak.id)).revokedAt })

  test('leaves neither the change nor an event after an internal error', async () => {
    const before = await outcome()
    await expect(
      half(() => {
        throw new Error('half-way')
      }),
    ).rejects.toThrow('half-way')
    expect(await outcome()).toEqual(before)
  })

  test('leaves the event of the refusal, but not the change, when it is refused', async () => {
    await expect(
      half(() => {
        throw invalidState('Too late.')
      }),
    ).rejects.toThrow('Too late.')
    expect(await newest()).toMatchObject({ action: 'api_key:revoke', outcome: 'DENIED', details: { code: 'INVALID_STATE' } })
    expect((await acme.keyRow(weak.id)).revokedAt).toBeNull()
  })

  test('leaves neither, when the event itself cannot be written', async () => {
    const before = await outcome()
    const broken = perform(systemContext(app.services, acme.id), 'api_key:revoke', async ({ em: own, now, permit, addDetails }) => {
      const apiKey = await own.findOneOrFail(ApiKey, { id: weak.id })
      permit(apiKey)
      apiKey.revoke(null, now)
      addDetails({ count: 1n })
    })
    await expect(broken).rejects.toThrow()
    expect(await outcome()).toEqual(before)
  })
})
