/** Name look-ups: how many at once, how long they are waited for, and when a name is asked again. */
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'

import { maxLookupsFor, maxWait, DnsLookups, retryDelay, type ResolvedAddress } from '../../src/outbound/name-lookups.js'

const address: ResolvedAddress = { address: '93.184.216.34', family: 4 }

/** A resolver that answers when told. */
class Resolver {
  readonly asked: string[] = []
  private readonly open = new Map<string, { resolve: (answers: ResolvedAddress[]) => void; reject: (error: Error) => void }>()

  readonly look = (host: string): Promise<ResolvedAddress[]> => {
    this.asked.push(host)
    return new Promise((resolve, reject) => this.open.set(host, { resolve, reject }))
  }

  get running(): number {
    return this.open.size
  }

  async answer(host: string, answers: ResolvedAddress[] = [address]): Promise<void> {
    this.open.get(host)!.resolve(answers)
    this.open.delete(host)
    await jest.advanceTimersByTimeAsync(0)
  }

  async fail(host: string): Promise<void> {
    this.open.get(host)!.reject(new Error('ENOTFOUND'))
    this.open.delete(host)
    await jest.advanceTimersByTimeAsync(0)
  }
}

let resolver: Resolver
let lookups: DnsLookups
beforeEach(() => {
  void jest.useFakeTimers()
  resolver = new Resolver()
  lookups = new DnsLookups(resolver.look, { perOrganization: 2, total: 12 })
})
afterEach(() => {
  jest.useRealTimers()
})

/** What becomes of it: the addresses, a code, or nothing yet. */
function ask(organizationId: string, host: string): { outcome: unknown } {
  const state: { outcome: unknown } = { outcome: 'waiting' }
  lookups.resolve(organizationId, host).then(
    (answers) => (state.outcome = answers.map((one) => one.address)),
    (error: { code: string }) => (state.outcome = error.code),
  )
  return state
}
const pass = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms)

test('half of the threads look names up, as libuv has it', () => {
  expect([1, 4, 16, 23, 24].map(maxLookupsFor)).toEqual([1, 2, 8, 12, 12])
})

describe('at once', () => {
  test('two run for one organization; the third has its turn when one ends', async () => {
    const states = ['a', 'b', 'c'].map((host) => ask('org', host))
    await pass(0)
    expect(resolver.asked).toEqual(['a', 'b'])
    await resolver.answer('b')
    expect(resolver.asked).toEqual(['a', 'b', 'c'])
    await resolver.answer('a')
    await resolver.answer('c')
    expect(states.map(({ outcome }) => outcome)).toEqual([[address.address], [address.address], [address.address]])
  })

  test('twelve run in all, and an organization whose names are slow leaves the others theirs', async () => {
    for (let i = 0; i < 7; i++) for (const host of ['a', 'b', 'c', 'd']) ask(`org-${i}`, `${host}-${i}`)
    await pass(0)
    expect(resolver.running).toBe(12)
    const lookupsOf = (i: number): string[] => resolver.asked.filter((host) => host.endsWith(`-${i}`))
    for (let i = 0; i < 6; i++) expect(lookupsOf(i)).toHaveLength(2)
    await resolver.answer('a-0')
    // The seventh organization has waited longest.
    expect(resolver.asked.at(-1)).toBe('a-6')
  })

  test('a slow look-up keeps its place until it ends, since its thread does', async () => {
    for (const host of ['a', 'b']) ask('org', host)
    await pass(maxWait + 1)
    const third = ask('org', 'c')
    await pass(maxWait)
    expect([resolver.asked, third.outcome]).toEqual([['a', 'b'], 'TIMEOUT'])
    await resolver.answer('a')
    // Nobody waits for the third any more, so it is not looked up; its name is not to blame either.
    expect(resolver.asked).toEqual(['a', 'b'])
    const again = ask('org', 'c')
    await pass(0)
    await resolver.answer('c')
    expect(again.outcome).toEqual([address.address])
  })

  test('one name of one organization is looked up once for all who wait; another organization asks for itself', async () => {
    const states = [ask('org', 'a'), ask('org', 'a'), ask('other', 'a')]
    await pass(0)
    expect(resolver.asked).toEqual(['a', 'a'])
    void states
  })

  test('a hundred names wait for their turn, and one more is refused', async () => {
    const states = Array.from({ length: 103 }, (_, i) => ask('org', `host-${i}`))
    await pass(0)
    expect(states.map(({ outcome }) => outcome).filter((outcome) => outcome !== 'waiting')).toEqual(['TIMEOUT'])
    expect(states[102]!.outcome).toBe('TIMEOUT')
  })
})

describe('a name', () => {
  test.each([
    [maxWait - 1, [address.address]],
    [maxWait, 'TIMEOUT'],
    [maxWait + 1, 'TIMEOUT'],
  ])('that takes %i ms', async (ms, outcome) => {
    const state = ask('org', 'slow')
    await pass(ms)
    await resolver.answer('slow')
    expect(state.outcome).toEqual(outcome)
  })

  test.each<[string, string, () => Promise<void>]>([
    ['was slow', 'TIMEOUT', async () => (await pass(maxWait), resolver.answer('bad'))],
    ['failed', 'CONNECTION_FAILED', () => resolver.fail('bad')],
    ['had no address', 'CONNECTION_FAILED', () => resolver.answer('bad', [])],
  ])('that %s is asked again after 30 s, and not before', async (_how, code, end) => {
    const first = ask('org', 'bad')
    await pass(0)
    await end()
    expect(first.outcome).toBe(code)
    await pass(retryDelay - 1)
    const second = ask('org', 'bad')
    const others = [ask('org', 'good'), ask('other', 'bad')]
    await pass(0)
    expect(second.outcome).toBe(code)
    expect(resolver.asked).toEqual(['bad', 'good', 'bad'])
    void others
    await pass(1)
    ask('org', 'bad')
    await resolver.answer('good')
    expect(resolver.asked).toEqual(['bad', 'good', 'bad', 'bad'])
  })

  test('that is still looked up after 30 s is not asked a second time', async () => {
    ask('org', 'hangs')
    await pass(maxWait + retryDelay + 1)
    const again = ask('org', 'hangs')
    await pass(maxWait)
    expect([resolver.asked, again.outcome]).toEqual([['hangs'], 'TIMEOUT'])
  })

  test('that failed is forgotten for ten thousand later ones', async () => {
    ask('org', 'first')
    await pass(0)
    await resolver.fail('first')
    for (let i = 0; i < 10_000; i++) {
      ask('org', `host-${i}`)
      await resolver.fail(`host-${i}`)
      if (i === 9998) {
        ask('org', 'first')
        await pass(0)
        expect(resolver.running).toBe(0)
      }
    }
    ask('org', 'first')
    await pass(0)
    expect(resolver.asked.filter((host) => host === 'first')).toHaveLength(2)
  })
})
