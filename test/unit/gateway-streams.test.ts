/** Open streams are asked about all at once, so that a revocation is seen as soon with a thousand of them as with one. */
import { afterEach, expect, jest, test } from '@jest/globals'

import type { McpServer } from '../../src/entities/mcp-server.js'
import { OpenStreams, type OpenStream } from '../../src/gateway/forwarding/open-streams.js'

const updatedAt = new Date('2026-01-01')
const times = { idleTimeoutMs: 1000, heartbeatIntervalMs: 1000, revalidateIntervalMs: 10, drainGraceMs: 1000 }

/** A query runner whose answers come when they are let go; `broken` cannot be asked. */
class SlowQueryRunner {
  readonly asked: string[] = []
  readonly waiting: (() => void)[] = []
  readonly warnings: unknown[] = []

  readonly app = {
    clock: () => new Date('2026-01-02'),
    log: { warn: (said: unknown) => this.warnings.push(said) },
    queryRunner: {
      read: async ({ name }: { name: string }, [id]: readonly string[]): Promise<object | undefined> => {
        this.asked.push(`${name} ${id}`)
        await new Promise<void>((resolve) => this.waiting.push(resolve))
        if (id === 'broken') throw new Error('away')
        return id === 'revoked' ? undefined : { updated_at: updatedAt }
      },
    },
  }

  async letGo(): Promise<void> {
    for (const go of this.waiting.splice(0)) go()
    await new Promise(setImmediate)
  }
}

afterEach(() => {
  jest.useRealTimers()
})

function watched(ids: readonly string[]): { queryRunner: SlowQueryRunner; ended: string[] } {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick'] })
  const queryRunner = new SlowQueryRunner()
  const ended: string[] = []
  const streams = new OpenStreams(queryRunner.app as never, times)
  const server = { id: 'server', updatedAt } as McpServer
  for (const id of ids) {
    const credential = { id, expiresAt: null } as OpenStream['credential']
    streams.add({ snapshot: null, credential, server, isStream: true, end: () => ended.push(id) })
  }
  jest.advanceTimersByTime(times.revalidateIntervalMs)
  return { queryRunner, ended }
}

test('no answer is waited for before the next question, and the same is asked once', async () => {
  const { queryRunner, ended } = watched([...Array.from({ length: 200 }, (_, i) => `credential-${i}`), 'revoked', 'revoked'])
  expect(queryRunner.waiting).toHaveLength(201)
  await queryRunner.letGo()
  expect(ended).toEqual(['revoked', 'revoked'])
  expect(queryRunner.asked.filter((question) => question.endsWith(' server'))).toHaveLength(1)
})

test('one that cannot be asked about ends nobody, and keeps nobody from ending', async () => {
  const { queryRunner, ended } = watched(['broken', 'revoked', 'good'])
  await queryRunner.letGo()
  await queryRunner.letGo()
  expect(ended).toEqual(['revoked'])
  expect(queryRunner.warnings).toHaveLength(1)
  jest.advanceTimersByTime(times.revalidateIntervalMs)
  expect(queryRunner.waiting).toHaveLength(3)
})
