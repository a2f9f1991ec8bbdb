/** How many audit events refusals leave, and what a gathered one tells, on a clock that stands still. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { pino } from 'pino'

import type { EventDraft } from '../../src/journal/chain.js'
import { startAggregate, mergeAggregates, maxListedIds } from '../../src/journal/gathered-refusals.js'
import type { JournalEntry } from '../../src/journal/journal.js'
import { maxSeries, maxSingleEvents, RefusalJournal } from '../../src/journal/refusal-journal.js'
import { defaultNow, TestClock } from '../support/app.js'

const minute = 60_000
const log = pino({ level: 'silent' })

let clock: TestClock
let written: EventDraft[]
let commit: (entry: JournalEntry) => Promise<void>
let refusals: RefusalJournal
beforeEach(() => {
  clock = new TestClock(defaultNow)
  written = []
  commit = ({ event }) => {
    written.push(event!)
    return Promise.resolve()
  }
  refusals = new RefusalJournal({ commit: (entry) => commit(entry) }, clock.now, log, 50)
})
afterEach(() => refusals.close())

let requests = 0
const draft = (change: Partial<EventDraft> = {}): EventDraft => ({
  organizationId: 'org_1',
  projectId: 'prj_1',
  environment: 'SANDBOX',
  action: 'api_key:revoke',
  outcome: 'DENIED',
  actorId: 'eu_1',
  endUserId: 'eu_1',
  subjectId: null,
  details: { code: 'FORBIDDEN' },
  requestId: `req_${++requests}`,
  ipAddress: '127.0.0.1',
  at: clock.now(),
  ...change,
})

async function refuse(count: number, change: (i: number) => Partial<EventDraft> = () => ({})): Promise<void> {
  for (let i = 0; i < count; i++) await refusals.record(draft(change(i)))
}

const counts = (): unknown[] => written.map(({ details }) => details['count'] ?? 1)

describe('refusals of one actor, action and code', () => {
  test('leave one event each, ten times a minute', async () => {
    await refuse(maxSingleEvents)
    await refusals.flush()
    expect(counts()).toEqual(Array(10).fill(1))
  })

  test.each([1, 2, 500])('leave one event for the %i that follow', async (more) => {
    await refuse(maxSingleEvents + more)
    expect(written).toHaveLength(10)
    await refusals.flush()
    expect(counts()).toEqual([...Array(10).fill(1), more])
  })

  test('are written when the minute is over, and not before', async () => {
    await refuse(12)
    clock.advance(minute - 1)
    await refusals.sweep()
    expect(written).toHaveLength(10)
    clock.advance(1)
    await refusals.sweep()
    expect(counts()).toEqual([...Array(10).fill(1), 2])
    await refusals.sweep()
    expect(written).toHaveLength(11)
  })

  test.each([
    [minute - 1, 10],
    [minute, 20],
    [minute + 1, 20],
  ])('after %i ms have had %i events of their own', async (ms, singles) => {
    await refuse(10)
    clock.advance(ms)
    await refuse(10)
    expect(written).toHaveLength(singles)
  })

  test('lose none that was gathered when the next minute begins before the sweep', async () => {
    await refuse(15)
    clock.advance(minute)
    await refuse(11)
    await refusals.flush()
    expect(counts().reduce((sum: number, count) => sum + Number(count), 0)).toBe(26)
  })

  test('are told apart by each of the three', async () => {
    for (const change of [{ actorId: 'eu_2' }, { action: 'api_key:update' }, { details: { code: 'NOT_FOUND' } }, {}]) {
      await refuse(maxSingleEvents, () => change)
    }
    await refusals.flush()
    expect(counts()).toEqual(Array(40).fill(1))
  })

  test('are not told apart by the end user that a key names: naming another one each time buys no event', async () => {
    await refuse(100, (i) => ({ actorId: 'key_1', endUserId: `eu_${i}` }))
    await refusals.flush()
    expect(counts()).toEqual([...Array(10).fill(1), 90])
    expect(written.at(-1)).toMatchObject({ actorId: 'key_1', endUserId: null })
    expect(written.at(-1)!.details['endUserIds']).toEqual(Array.from({ length: maxListedIds }, (_, i) => `eu_${i + 10}`))
  })
})

describe('the gathered event', () => {
  test('says when the first and the last was, and how many', async () => {
    await refuse(10)
    clock.advance(1000)
    await refuse(1)
    clock.advance(2000)
    await refuse(1)
    clock.advance(minute)
    await refusals.sweep()
    expect(written.at(-1)).toEqual({
      ...draft(),
      requestId: expect.any(String),
      details: {
        code: 'FORBIDDEN',
        count: 2,
        first: new Date(defaultNow.getTime() + 1000).toISOString(),
        last: new Date(defaultNow.getTime() + 3000).toISOString(),
        targetIds: [],
      },
    })
  })

  test.each([maxListedIds - 1, maxListedIds, maxListedIds + 1])('names at most twenty of %i targets', async (targets) => {
    await refuse(10)
    await refuse(targets * 2, (i) => ({ subjectId: `key_${i % targets}` }))
    await refusals.flush()
    const event = written.at(-1)!
    expect(event.subjectId).toBeNull()
    expect(event.details['targetIds']).toEqual(Array.from({ length: Math.min(targets, maxListedIds) }, (_, i) => `key_${i}`))
  })

  test('keeps what all have in common, and nothing else', async () => {
    await refuse(10)
    await refuse(2, (i) => ({ subjectId: 'key_1', ipAddress: `10.0.0.${i}`, details: { code: 'FORBIDDEN', tool: 'echo', size: i } }))
    await refuse(1, () => ({ subjectId: 'key_1', projectId: 'prj_2', details: { code: 'FORBIDDEN', tool: 'echo' } }))
    await refusals.flush()
    const event = written.at(-1)!
    expect(event).toMatchObject({ subjectId: 'key_1', projectId: null, environment: 'SANDBOX', ipAddress: null })
    expect(event.details).toMatchObject({ code: 'FORBIDDEN', tool: 'echo', count: 3, targetIds: ['key_1'] })
    expect(event.details).not.toHaveProperty('size')
  })
})

describe('memory', () => {
  test('does not grow with the number of refusals', () => {
    const many = (count: number): number => {
      const all = Array.from({ length: count }, (_, i) =>
        startAggregate(draft({ subjectId: `key_${i}`, actorId: `u_${i}`, endUserId: `eu_${i}` })),
      )
      return JSON.stringify(
        all.reduce(mergeAggregates).targetIds.concat(all.reduce(mergeAggregates).actorIds, all.reduce(mergeAggregates).endUserIds),
      ).length
    }
    expect(many(2000)).toBe(many(20))
  })

  test.each([
    // The last of them finds one place for an actor of its own, and shares what is left with whoever comes later.
    [maxSeries - 1, [1, 1]],
    [maxSeries, [12]],
    [maxSeries + 1, [13]],
  ])('tells a thousand actors of one organization apart: after %i', async (actors, rest) => {
    await refuse(actors, (i) => ({ actorId: `eu_${i}`, endUserId: `eu_${i}` }))
    await refuse(11, () => ({ actorId: 'eu_late' }))
    await refuse(11, () => ({ actorId: 'eu_later' }))
    const singles = written.length
    await refusals.flush()
    expect(written.slice(singles).map(({ details }) => details['count'])).toEqual(rest)
    if (rest.length === 1)
      expect(written.at(-1)).toMatchObject({ actorId: null, details: { actorIds: expect.arrayContaining(['eu_later']) } })
  })

  test('is no shorter for one organization because another one used up its own', async () => {
    await refuse(maxSeries + 50, (i) => ({ actorId: `eu_${i}` }))
    written = []
    await refuse(10, () => ({ organizationId: 'org_2', actorId: 'eu_x' }))
    await refuse(10, () => ({ organizationId: 'org_2', actorId: 'eu_y' }))
    expect(written).toHaveLength(20)
  })

  test('is empty when a minute has passed without a refusal', async () => {
    await refuse(30)
    clock.advance(minute)
    await refusals.sweep()
    await refuse(10)
    expect(written).toHaveLength(21)
  })
})

describe('a database that does not take the event', () => {
  const away = Object.assign(new Error('away'), { code: 'ECONNREFUSED' })

  test('for good is not asked again', async () => {
    await refuse(15)
    let asked = 0
    commit = () => Promise.reject(new Error(`a fault of ours, ${++asked}`))
    await refusals.flush()
    await refusals.flush()
    expect(asked).toBe(1)
  })

  test('is asked again, with what came meanwhile, and nothing is counted twice', async () => {
    await refuse(15)
    const good = commit
    commit = () => Promise.reject(away)
    clock.advance(minute)
    await refusals.sweep()
    await refusals.sweep()
    commit = good
    await refuse(13)
    clock.advance(minute)
    await refusals.sweep()
    expect(counts()).toEqual([...Array(20).fill(1), 8])
  })

  test('does not hold up a shutdown', async () => {
    await refuse(15)
    commit = () => new Promise(() => undefined)
    const began = performance.now()
    await refusals.close()
    expect(performance.now() - began).toBeLessThan(2000)
  })

  test('gives the caller of a single refusal its error, as ever', async () => {
    commit = () => Promise.reject(new Error('away'))
    await expect(refuse(1)).rejects.toThrow('away')
  })
})

test('a shutdown writes what is gathered', async () => {
  await refuse(14)
  await refusals.close()
  expect(counts()).toEqual([...Array(10).fill(1), 4])
})
